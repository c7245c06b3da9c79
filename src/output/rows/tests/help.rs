use clap::ValueEnum;

use crate::output::rows::RowFormat;

#[test]
fn the_help_of_each_format_says_what_becomes_of_odd_values() {
    for format in RowFormat::value_variants() {
        let value = format.to_possible_value().unwrap();
        let help = value.get_help().unwrap().to_string();
        for word in ["NULL", "blob", "epeated column names", "empty result"] {
            assert!(help.contains(word), "the help of {} is silent on {word}", value.get_name());
        }
    }
}
