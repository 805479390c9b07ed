//! Which steps bring the tables up to date.

use portcullis::session::StoreError;

/// The steps that tables of `version` lack, each with the version it leads to.
pub(crate) fn missing(
    steps: &'static [&'static str],
    version: i64,
) -> Result<impl Iterator<Item = (i64, &'static str)>, StoreError> {
    let done = usize::try_from(version)
        .ok()
        .filter(|done| *done <= steps.len())
        .ok_or_else(|| {
            StoreError::corrupt("the tables are of a newer version of portcullis-sqlx")
        })?;
    Ok((version + 1..).zip(steps[done..].iter().copied()))
}
