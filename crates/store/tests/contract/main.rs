//! What every profile must do, on real databases: `SQLite`, PostgreSQL 15, and a current PostgreSQL with pgvector.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop where it stands")]

mod accounts;
mod audit;
mod changes;
mod conversations;
mod documents;
mod jobs;
mod support;

/// Makes a test of each function on each profile. A function that is left out here is never used, which the compiler says.
macro_rules! on_every_profile {
    ($($module:ident: $($test:ident),+;)+) => {
        on_every_profile!(@profile sqlite, $($module: $($test),+;)+);
        on_every_profile!(@profile postgres_15, $($module: $($test),+;)+);
        on_every_profile!(@profile postgres_with_vectors, $($module: $($test),+;)+);
    };
    (@profile $profile:ident, $($module:ident: $($test:ident),+;)+) => {
        mod $profile {
            $(mod $module {
                $(#[tokio::test]
                async fn $test() {
                    crate::$module::$test(crate::support::$profile().await).await;
                })+
            })+
        }
    };
}

on_every_profile! {
    accounts:
        the_first_account_is_the_administrator_and_addresses_are_taken_in_any_case,
        the_last_administrator_stays,
        disabling_ends_every_session_and_enabling_does_not_bring_them_back,
        a_password_that_was_replaced_meanwhile_is_not_replaced_again,
        a_secret_works_once_and_its_reuse_ends_the_family,
        sessions_expire,
        expired_sessions_are_deleted_a_bounded_number_at_a_time;
    audit:
        entries_are_found_again_by_what_they_say,
        entries_are_neither_changed_nor_removed;
    changes:
        every_change_of_what_can_be_found_takes_the_next_number,
        a_change_tells_which_words_have_come_to_another_step,
        a_text_that_replaces_another_has_the_words_of_both,
        vectors_are_a_change_once_a_document_has_all_of_them,
        a_session_tells_where_documents_stand,
        who_reads_for_everybody_reads_nothing_private,
        a_document_that_changes_its_readers_is_found_by_the_new_ones_alone,
        a_new_title_or_content_is_indexed_again,
        what_is_distrusted_is_a_change,
        many_processes_leave_no_gap;
    conversations:
        history_is_searched_by_words_and_by_the_beginning_of_the_last,
        nobody_reads_rates_or_deletes_what_is_not_theirs,
        a_conversation_goes_on_where_it_was,
        what_is_recorded_at_the_same_time_stands_and_falls_alone;
    documents:
        the_same_bytes_are_stored_once_for_the_same_readers,
        private_documents_are_found_listed_and_read_by_their_owner_alone,
        other_peoples_matches_do_not_crowd_out_ones_own,
        private_documents_move_only_their_owners_scores,
        a_deleted_document_is_found_by_nobody,
        extracting_again_replaces_what_was_there,
        a_document_and_its_job_come_and_go_together;
    jobs:
        a_job_is_claimed_once_until_it_is_released,
        a_failed_job_waits_before_it_is_tried_again,
        giving_up_tells_the_document_why_and_a_retry_forgets_it,
        a_job_whose_process_dies_comes_back_but_not_for_ever,
        a_job_that_got_further_between_two_deaths_is_not_given_up,
        a_job_that_kills_its_process_takes_no_others_with_it,
        a_lease_holds_while_its_process_says_that_it_lives,
        what_a_process_stores_after_its_lease_ran_out_is_refused,
        each_job_is_claimed_by_one_of_many,
        one_persons_many_files_do_not_make_another_wait_for_all_of_them,
        a_large_document_gives_others_their_turn;
}
