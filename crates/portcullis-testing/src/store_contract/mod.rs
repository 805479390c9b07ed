//! What every [`SessionStore`] must do, as tests.
//!
//! A store of your own passes if this does:
//!
//! ```
//! use portcullis::{session::MemoryStore, time::SharedClock};
//!
//! /// An empty store that goes by `clock`, and what must live as long as it,
//! /// such as its temporary directory.
//! async fn empty_store(clock: SharedClock) -> (MemoryStore, ()) {
//!     (MemoryStore::new(clock), ())
//! }
//!
//! portcullis_testing::store_contract!(empty_store);
//! # fn main() {}
//! ```
//!
//! Each case gets a store of its own. A store that goes by its server's clock
//! needs a way to be told the time, for tests only. One whose entries expire on
//! the server, by that server's clock, is held to all but the counts of `purge`:
//!
//! ```
//! # use portcullis::{session::MemoryStore, time::SharedClock};
//! # async fn empty_store(clock: SharedClock) -> (MemoryStore, ()) {
//! #     (MemoryStore::new(clock), ())
//! # }
//! portcullis_testing::store_contract!(empty_store, forgets_by_itself);
//! # fn main() {}
//! ```

pub mod asked;
mod bench;
pub mod bursts;
pub mod cut_off;
pub mod key_rings;
pub mod limits;
pub mod lists;
pub mod log_out;
pub mod model;
pub mod one_use;
pub mod overdue;
pub mod races;
pub mod resting;
pub mod revocations;
pub mod rotation;

pub use bench::Bench;

use std::future::Future;

use portcullis::{session::SessionStore, time::SharedClock};

/// A store and what must live as long as it, or `None` where the store's server
/// is not there: its cases then pass without running.
pub trait EmptyStore {
    /// The store.
    type Store: SessionStore;
    /// What is dropped after the test.
    type Guard;

    /// The store, if it is there.
    fn into_store(self) -> Option<(Self::Store, Self::Guard)>;
}

impl<S: SessionStore, G> EmptyStore for (S, G) {
    type Store = S;
    type Guard = G;

    fn into_store(self) -> Option<(S, G)> {
        Some(self)
    }
}

impl<S: SessionStore, G> EmptyStore for Option<(S, G)> {
    type Store = S;
    type Guard = G;

    fn into_store(self) -> Option<(S, G)> {
        self
    }
}

/// Runs one case against a new store, on a runtime of its own.
///
/// # Panics
///
/// When the store breaks the contract.
pub fn run<F, O>(empty_store: F, case: impl AsyncFnOnce(&Bench))
where
    F: FnOnce(SharedClock) -> O,
    O: Future<Output: EmptyStore>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let clock = crate::clock::FakeClock::new();
        let Some((store, guard)) = empty_store(clock.shared()).await.into_store() else {
            return;
        };
        case(&Bench::new(store, clock)).await;
        drop(guard);
    });
}

/// Writes one test for each case of the [contract](mod@crate::store_contract).
///
/// The argument is an `async fn(SharedClock) -> (impl SessionStore, G)` that
/// makes an empty store, or an `Option` of both; `G` is dropped after the test. `forgets_by_itself` as a
/// second argument leaves out the cases that count what `purge` removes.
#[macro_export]
macro_rules! store_contract {
    ($empty_store:path) => {
        $crate::store_contract!($empty_store, forgets_by_itself);
        $crate::store_contract!(@cases $empty_store;
            lists::{
                purging_forgets_what_is_over,
            }
            one_use::{
                purging_forgets_expired_uses,
            }
        );
    };
    ($empty_store:path, forgets_by_itself) => {
        $crate::store_contract!(@cases $empty_store;
            rotation::{
                the_current_token_gives_the_next,
                the_predecessor_gives_the_same_successor_in_the_window,
                the_window_is_anchored_at_the_rotation,
                past_the_window_the_predecessor_revokes,
                without_a_window_a_second_use_revokes,
                only_the_immediate_predecessor_is_forgiven,
                until_used_forgives_once,
                another_device_can_be_refused_without_revoking,
                a_store_that_lost_writes_keeps_the_holder,
                the_same_attempt_gets_the_same_answer,
                the_first_failing_check_decides,
                refusals_change_nothing,
                a_kept_token_changes_nothing,
                deadlines_end_at_their_very_moment,
                no_token_outlives_the_session,
                a_clock_that_goes_back_is_survived,
                reuse_leaves_other_sessions_alone,
                a_window_is_counted_in_whole_milliseconds,
                only_the_client_of_a_session_may_refresh_it,
            }
            resting::{
                a_young_token_rests,
                a_token_rests_for_as_long_as_its_predecessor_is_forgiven,
                without_a_window_no_token_rests,
                an_attempt_gets_its_first_answer_whoever_came_in_between,
                a_token_that_rested_was_not_exchanged,
                a_resting_token_is_given_to_any_device,
                who_goes_on_after_the_window_finds_the_other_out,
            }
            overdue::{
                an_overdue_attempt_changes_nothing,
                what_would_change_nothing_is_answered_however_late,
                a_held_up_attempt_does_not_end_the_session,
                a_held_up_attempt_is_judged_as_of_when_it_set_out,
                an_attempt_that_was_overtaken_changes_nothing,
                an_attempt_that_set_out_after_the_window_is_not_forgiven,
                the_time_is_that_of_the_store,
                a_limit_becomes_a_deadline,
            }
            bursts::{
                clients_without_a_lock_are_not_logged_out,
            }
            races::{
                without_a_window_one_of_many_wins,
                in_the_window_all_get_the_same_successor,
                one_attempt_asked_by_many_is_one_rotation,
                a_revocation_that_races_a_refresh_wins,
                no_login_survives_the_log_out_that_overtook_it,
                no_application_token_survives_it_either,
                the_limit_of_application_tokens_holds,
            }
            log_out::{
                ending_a_session_can_be_repeated,
                logging_out_everywhere_ends_everything_of_one_subject,
                a_session_past_its_deadline_can_be_ended,
                a_ticket_from_before_a_log_out_is_worthless,
                the_order_outlives_a_purge,
            }
            cut_off::{
                everybody_of_a_realm_is_logged_out,
                who_was_logged_out_with_everybody_is_out,
                a_login_after_it_is_good,
                a_session_that_was_cut_off_is_not_made_again,
                application_tokens_end_with_everybody,
                a_cut_off_is_told_as_one,
                a_cut_off_that_races_refreshes_wins,
                no_login_survives_the_cut_off_that_overtook_it,
                whoever_comes_afterwards_stays,
            }
            lists::{
                sessions_come_back_as_they_were_made,
                live_sessions_are_listed_oldest_first,
                what_began_at_once_is_listed_by_id,
                application_tokens_are_listed_until_removed,
                a_session_that_is_made_again_is_the_same,
                an_application_token_is_its_subjects_own,
            }
            limits::{
                sessions_are_listed_page_by_page,
                a_session_is_its_subjects_own,
                a_login_too_many_ends_the_longest_idle,
                only_live_sessions_count,
                a_login_that_is_made_again_evicts_nobody,
                a_limit_holds_among_many_at_once,
                a_subject_is_forgotten,
                devices_are_forgotten,
            }
            revocations::{
                everything_that_was_revoked_is_told,
                what_was_revoked_before_is_not_told,
                what_was_revoked_is_told_page_by_page,
                what_is_revoked_again_is_told_if_it_reaches_further,
                a_token_is_revoked_within_its_realm,
                a_token_is_revoked_until_the_latest_end,
            }
            asked::{
                a_revoked_token_is_told_from_others,
                log_outs_can_be_asked_about_by_their_time,
            }
            one_use::{
                the_first_use_is_told_from_others,
                a_use_is_remembered_until_it_expires,
                a_use_may_be_remembered_for_any_time,
                a_use_survives_a_clock_that_goes_back,
                of_many_at_once_one_is_first,
                of_many_at_once_one_takes_an_expired_place,
                a_purge_forgets_no_use_too_early,
            }
            key_rings::{
                a_ring_is_kept_until_it_is_replaced,
                rings_are_told_apart_by_their_names,
                a_ring_that_has_changed_is_not_replaced,
                one_of_many_replaces_a_ring,
            }
            model::{
                random_histories_follow_the_rules,
            }
        );
    };
    (@cases $empty_store:path; $($module:ident::{ $($case:ident,)* })*) => {
        $($(
            #[test]
            fn $case() {
                $crate::store_contract::run($empty_store, $crate::store_contract::$module::$case);
            }
        )*)*
    };
}
