//! The region where nobody names one.

/// The region in which a partition keeps its Organizations endpoint (AWS General Reference, AWS
/// Organizations endpoints), for the partition that an ARN names; that of `aws` for any other.
pub fn default_region(arn: Option<&str>) -> &'static str {
    match arn.and_then(|arn| arn.strip_prefix("arn:")).and_then(|rest| rest.split(':').next()) {
        Some("aws-cn") => "cn-northwest-1",
        Some("aws-us-gov") => "us-gov-west-1",
        Some("aws-iso") => "us-iso-east-1",
        Some("aws-iso-b") => "us-isob-east-1",
        Some("aws-iso-e") => "eu-isoe-west-1",
        Some("aws-iso-f") => "us-isof-south-1",
        Some("aws-eusc") => "eusc-de-east-1",
        _ => "us-east-1",
    }
}

#[cfg(test)]
mod tests {
    use super::default_region;

    #[test]
    fn a_role_tells_the_partition() {
        for (arn, region) in [
            (None, "us-east-1"),
            (Some("arn:aws:iam::1:role/x"), "us-east-1"),
            (Some("arn:aws-cn:iam::1:role/x"), "cn-northwest-1"),
            (Some("arn:aws-us-gov:iam::1:role/x"), "us-gov-west-1"),
            (Some("nonsense"), "us-east-1"),
        ] {
            assert_eq!(default_region(arn), region, "{arn:?}");
        }
    }
}
