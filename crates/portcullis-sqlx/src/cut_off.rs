//! Which rows a log-out of everybody has ended: what the SQL of both databases shares.
//!
//! A cut-off is one row, and is looked at wherever one of its realm is. Nothing has to be
//! locked: what began with a ticket of before is over, whichever is written first.

/// The time of the cut-off that has ended a row of `$table`, or null.
macro_rules! cut_off {
    ($table:literal) => {
        concat!(
            "(SELECT cut_off.at FROM portcullis_cut_offs AS cut_off WHERE cut_off.realm = ",
            $table,
            ".realm AND CASE WHEN ",
            $table,
            ".ticket IS NULL THEN ",
            $table,
            ".created_at <= cut_off.at ELSE ",
            $table,
            ".ticket < cut_off.number END)"
        )
    };
}

/// That none has.
macro_rules! stands {
    ($table:literal) => {
        concat!($crate::cut_off::cut_off!($table), " IS NULL")
    };
}

/// The number of the last cut-off of the realm `$realm`: no lower ticket is good.
macro_rules! last_cut_off {
    ($realm:literal) => {
        concat!(
            "coalesce((SELECT number FROM portcullis_cut_offs WHERE realm = ",
            $realm,
            "), 0)"
        )
    };
}

pub(crate) use {cut_off, last_cut_off, stands};
