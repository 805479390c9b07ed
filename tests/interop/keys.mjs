// A private key as a JWK for each algorithm that is named, made by jose.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exportJWK, generateKeyPair } from "jose";

const [folder, ...algorithms] = process.argv.slice(2);
for (const alg of algorithms) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), alg };
  await writeFile(join(folder, `${alg}.jwk`), JSON.stringify(jwk), { mode: 0o600 });
}
