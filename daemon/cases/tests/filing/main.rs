//! Filing on real databases: the same scenarios on SQLite and on PostgreSQL.

mod desk;
mod scenarios;

use std::pin::Pin;

use desk::Desk;

/// All scenarios together are too much for the stack of one test.
fn on_heap<F: Future<Output = ()> + 'static>(
    scenario: impl FnOnce(Desk) -> F,
    desk: Desk,
) -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(scenario(desk))
}

macro_rules! on_sqlite {
    ($($name:ident),+ $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            scenarios::$name(Desk::on_sqlite().await).await;
        })+

        /// One server for all of them, a fresh database each.
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn every_scenario_holds_on_postgresql() {
            let server = tests::servers::postgres::Postgres::start().expect("PostgreSQL");
            $(on_heap(scenarios::$name, Desk::on_postgres(&server).await).await;)+
        }
    };
}

on_sqlite! {
    a_request_becomes_ticket_block_stop_and_reply_at_once,
    the_same_message_is_filed_once,
    a_repeated_request_joins_its_ticket_and_keeps_the_first_clock,
    a_thread_match_from_another_address_opens_a_linked_ticket,
    an_unknown_and_a_known_address_get_the_same_words,
    a_shared_address_is_blocked_without_a_contact,
    words_withdraw_every_advertising_consent,
    what_cannot_be_read_becomes_a_ticket_for_a_person,
    a_guard_that_holds_the_reply_back_leaves_a_task,
    the_breaker_turns_full_blocks_into_marketing_blocks,
    a_form_entry_takes_the_same_way_and_is_filed_once,
    the_status_page_opens_by_number_and_code_only,
    a_lifted_block_needs_a_reason_and_is_numbered,
    two_mails_of_one_person_at_once_make_one_ticket,
    an_undone_filing_leaves_nothing,
    a_bounce_of_our_reply_becomes_a_task_and_a_forged_one_nothing,
    the_audit_log_holds_and_shows_any_change,
    mail_of_a_known_subject_moves_under_the_subjects_key,
    a_stranger_does_not_learn_whom_we_know,
    a_failing_template_does_not_undo_the_block,
    a_person_who_was_never_told_the_code_gets_a_new_one,
    acknowledgements_to_all_together_have_a_limit,
    lost_digest_keys_are_noticed_before_anything_is_filed,
    a_wish_becomes_a_proven_consent_only_by_the_button,
    of_what_a_program_hands_in_only_the_program_was_seen,
    a_list_without_a_policy_or_a_text_is_not_open_and_says_why,
    two_buttons_at_once_write_one_consent,
    every_address_gets_the_same_answer_and_at_most_one_mail,
    what_nobody_confirms_is_destroyed,
    a_token_ends_its_list_once_and_no_other,
    everything_ends_every_list_and_is_outweighed_by_a_later_word,
    who_was_erased_opts_in_again,
    the_link_of_a_wish_from_before_an_erasure_confirms_nothing,
    who_was_erased_may_write_and_gets_no_profile,
    words_end_the_subscriptions_and_a_lift_restores_them,
    a_blocked_person_who_subscribes_is_looked_at,
    a_wish_meets_the_subscription_that_an_import_made_meanwhile,
    a_claimed_subscription_is_proven_by_its_mailbox,
    a_shared_mailbox_leaves_a_list_for_all_who_share_it,
    a_proof_holds_and_any_changed_byte_spoils_it,
    who_looks_at_consents_is_written_down,
    who_leaves_by_another_way_after_misread_words_stays_out,
    a_handled_block_restores_nothing_when_it_is_lifted,
    what_is_asked_for_again_is_not_restored,
    a_wish_that_nobody_confirmed_is_no_consent_to_withdraw,
    a_withdrawal_holds_for_every_address_it_ends,
    leaving_everything_again_holds_against_the_opt_in_between,
    each_wish_keeps_the_contact_whose_subscription_it_is,
    who_withdraws_consent_keeps_no_advertising_consent,
    only_a_report_of_abuse_is_a_complaint,
    a_delay_is_no_bounce_whatever_its_diagnosis_says,
    two_batches_that_speak_of_each_others_people_do_not_wait_in_a_circle,
    what_came_back_of_an_unconfirmed_wish_is_destroyed_with_it,
    a_withdrawal_by_hand_needs_a_reason_and_something_to_withdraw,
    a_bounce_by_token_or_message_id_suppresses_once,
    only_a_bounce_that_says_no_such_mailbox_suppresses,
    a_complaint_suppresses_and_ends_its_subscription_alone,
    a_complaint_whose_message_id_was_cut_out_is_known_by_its_link,
    a_forged_report_or_token_changes_nothing,
    a_mail_to_the_token_leaves_its_list_without_a_ticket,
    a_mail_to_the_token_that_asks_for_more_gets_both,
    our_own_mail_that_comes_back_ends_nothing,
    a_missed_request_is_filed_with_the_clock_of_its_receipt,
    the_same_correction_twice_changes_nothing,
    a_suggestion_that_a_person_confirms_acts_as_if_it_had_been_sure,
    whom_somebody_proved_is_not_ended_by_one_person_and_nothing_without_a_reason,
    a_misread_withdrawal_gives_back_what_it_ended,
    a_narrower_reading_narrows_the_block_and_keeps_the_withdrawal,
    what_a_person_decided_on_is_refused_and_nothing_is_changed,
    of_two_who_correct_what_both_saw_one_wins,
    another_letter_of_the_ticket_keeps_what_it_asks_for,
    a_lifted_block_leaves_the_narrower_one_that_another_letter_needs,
    a_letter_that_cannot_be_opened_now_ends_the_correction,
    a_destroyed_letter_keeps_what_it_may_have_asked_for,
    a_request_that_another_word_opened_is_left_alone,
    what_a_ticket_became_after_it_was_looked_at_is_kept,
    the_first_letter_that_asked_gives_the_clock,
    a_consent_given_after_the_letter_outweighs_its_late_reading,
    a_letter_for_somebody_else_frees_the_one_who_wrote,
    an_authority_that_was_missed_holds_and_one_that_was_none_holds_no_more,
    a_letter_taken_for_spam_is_heard_as_a_persons,
    an_example_is_destroyed_with_the_key_of_its_letter,
}
