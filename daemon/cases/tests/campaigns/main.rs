//! The campaign desk on real databases: the same scenarios on SQLite and on PostgreSQL.

mod desk;
mod scenarios;

use desk::Desk;

macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            scenarios::$name(Desk::on_sqlite().await).await;
        })+

        /// One server for all of them, a fresh database each.
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn every_scenario_holds_on_postgresql() {
            let server = tests::servers::postgres::Postgres::start().expect("PostgreSQL");
            $(scenarios::$name(Desk::on_postgres(&server).await).await;)+
        }
    };
}

on_both! {
    every_step_that_the_machine_does_not_have_is_refused,
    any_change_after_the_approval_voids_it,
    two_editors_do_not_overwrite_each_other,
    what_was_not_changed_keeps_its_approval,
    a_row_that_fits_no_state_is_told_and_stops_no_other,
    the_author_does_not_approve_when_four_eyes_must_see_it,
    an_issue_that_breaks_a_rule_is_refused_by_its_name,
    a_refused_template_is_not_saved_and_says_where,
    four_eyes_bind_everybody_who_wrote_since_another_approved,
    an_approval_of_what_was_seen_does_not_cover_what_was_changed_since,
    the_frame_of_every_list_keeps_the_rules,
    only_the_approver_sets_another_time,
    an_archived_list_is_not_mailed,
    a_list_under_way_is_not_archived,
    archiving_and_scheduling_at_once_do_not_cross,
    who_resumes_what_missed_its_time_approves_another,
    a_retried_mail_lives_no_longer_each_time,
    a_start_that_has_passed_is_refused,
    a_pause_and_a_cancel_are_numbered_stops,
    two_who_cancel_at_once_leave_one_stop,
    a_resumed_campaign_keeps_the_rules,
    a_retry_plans_what_the_gate_lets_pass_and_keeps_its_number,
    a_retry_of_a_finished_campaign_lets_it_run,
    a_campaign_with_a_retry_is_not_finished_by_who_looked_before,
    a_late_end_does_not_settle_a_mail_that_is_sent_again,
    a_report_adds_up_and_the_view_says_the_same,
    a_preview_shows_the_mail_and_the_gates_answer,
    a_test_goes_to_our_own_people_alone,
    what_is_due_is_found_by_the_runner,
}
