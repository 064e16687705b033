//! Contacts on real databases: the same scenarios on SQLite and on PostgreSQL; and the reader of
//! files by itself.

mod files;
mod room;
mod scenarios;

use room::Room;

macro_rules! on_sqlite {
    ($($name:ident),+ $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            scenarios::$name(Room::on_sqlite().await).await;
        })+

        /// One server for all of them, a fresh database each.
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn every_scenario_of_contacts_holds_on_postgresql() {
            let server = tests::servers::postgres::Postgres::start().expect("PostgreSQL");
            $(scenarios::$name(Room::on_postgres(&server).await).await;)+
        }
    };
}

on_sqlite! {
    a_file_from_a_russian_spreadsheet_is_read_right,
    every_row_is_counted_by_what_became_of_it,
    errors_name_line_field_and_reason_and_never_the_value,
    a_dry_run_tells_the_same_counts_and_writes_nothing,
    a_killed_import_run_again_doubles_nothing,
    another_run_over_the_same_rows_finds_them,
    every_row_of_any_file_is_accounted_for,
    an_import_revives_nobody,
    of_an_erased_person_not_even_a_row_is_made,
    what_is_there_is_filled_and_never_overwritten,
    a_shared_address_goes_to_its_namesake_or_to_nobody,
    papers_are_proven_by_another_operator_alone,
    a_proven_paper_rests_on_the_words_and_the_policy_of_its_day,
    a_paper_without_words_that_could_have_been_signed_proves_nothing,
    a_paper_for_an_archived_list_is_counted_and_not_proven,
    a_document_is_paper_unless_another_act_is_named,
    a_withdrawn_paper_is_not_attested,
    a_strangers_wish_keeps_nobody_off_the_list,
    under_a_full_block_no_contact_is_made_or_filled,
    a_cell_guarded_against_spreadsheets_comes_back_as_it_was,
    an_export_tells_what_stands_and_is_audited,
    a_timeline_tells_everything_newest_first,
    a_timeline_tells_when_it_came_back_and_when_a_mailbox_confirmed,
}
