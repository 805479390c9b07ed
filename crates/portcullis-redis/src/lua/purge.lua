-- Forgets what was revoked longer ago than is asked; all else expires by itself.
return trim(now - number(ask, 'purge_keep'))
