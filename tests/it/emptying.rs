//! Buckets and repositories in which something is: kept by AWS, and deleted with all that is in them by `destroy --empty`.

use crate::support::boto;
use crate::support::cli::{Project, Served, operation};

const FILES: &str = r#"
project archive

account main { id: "111111111111" }

env dev { account: main, regions: ["eu-west-1"] }

core files {
  resource Versioned = AWS::S3::Bucket {
    BucketName: "archive-versioned"
    VersioningConfiguration: { Status: "Enabled" }
  }

  resource Plain = AWS::S3::Bucket { BucketName: "archive-plain" }

  @on_delete(retain)
  resource Kept = AWS::S3::Bucket { BucketName: "archive-kept" }
}

core images {
  resource Images = AWS::ECR::Repository { RepositoryName: "archive" }
}
"#;

/// More than a page of versions, one of them overwritten, one deleted; and more images than one call takes.
const FILL: &str = "[[c('s3').put_object(Bucket='archive-versioned', Key=f'{n % 110}&<>', Body=str(n)) for n in range(111)] and \
    c('s3').delete_object(Bucket='archive-versioned', Key='5&<>') and \
    [c('s3').put_object(Bucket=b, Key='one', Body='1') for b in ('archive-plain', 'archive-kept')] and \
    [c('ecr').put_image(repositoryName='archive', imageManifest=str(n), imageTag=f't{n}') for n in range(130)] and 0]";

/// Versions with the marks of deletions, and images.
const HELD: &str = "[[len(l.get('Versions', []) + l.get('DeleteMarkers', [])) for b in ('archive-versioned', 'archive-plain', \
    'archive-kept') for l in [c('s3').get_paginator('list_object_versions').paginate(Bucket=b).build_full_result()]], \
    len(c('ecr').get_paginator('list_images').paginate(repositoryName='archive').build_full_result()['imageIds'])]";

struct Bed {
    project: Project,
    sandbox: Served,
}

impl Bed {
    fn new() -> Self {
        let project = Project::new(&[("archive.infra", FILES)]);
        let sandbox = Served::start(&["--step", "1"]);
        let bed = Self { project, sandbox };
        bed.infra("apply --yes").ended(0);
        bed.boto(FILL);
        assert_eq!(bed.boto(HELD), "[[112, 1, 1], 130]");
        bed
    }

    fn infra(&self, line: &str) -> crate::support::cli::Said {
        self.project.infra(&format!("{line} --env dev --endpoint {}", self.sandbox.address))
    }

    fn boto(&self, expression: &str) -> String {
        boto::ask(&self.sandbox.address, "111111111111", "eu-west-1", expression)
    }
}

#[test]
fn what_is_not_empty_stays_until_that_is_said() {
    let bed = Bed::new();
    let said = bed.infra("destroy --yes --allow delete:*").ended(1);
    assert!(said.err.contains("`infra destroy --empty` deletes what is in it, too, for good"), "{}", said.err);
    assert_eq!(bed.boto(HELD), "[[112, 1, 1], 130]");

    // What is left goes on from there.
    bed.sandbox.calls();
    let said = bed.infra("destroy --empty --yes --allow delete:*").ended(0);
    assert!(said.out.contains("emptied first: all objects in it, in every version"), "{}", said.out);
    assert!(said.out.contains("emptied first: all images in it"), "{}", said.out);
    assert!(said.err.contains("emptying Versioned (archive-versioned)"), "{}", said.err);
    let calls = bed.sandbox.calls();
    let count = |name: &str| calls.iter().filter(|line| operation(line) == name).count();
    // Two pages and a look at nothing, in one bucket; the other one has a page. A stack is looked at once.
    assert_eq!((count("ListObjectVersions"), count("DeleteObjects")), (5, 3), "{calls:#?}");
    assert_eq!((count("ListImages"), count("BatchDeleteImage")), (3, 2), "{calls:#?}");
    assert_eq!(count("DescribeStackResources") + count("ListStackResources"), 2, "{calls:#?}");
    let kept = "len(c('s3').list_object_versions(Bucket='archive-kept')['Versions'])";
    assert_eq!(bed.boto(kept), "1", "what is retained is not emptied");
    bed.infra("destroy --empty --yes --allow delete:*").ended(0);
}

#[test]
fn nothing_is_emptied_without_leave() {
    let bed = Bed::new();
    // Data has to be allowed to go, and somebody has to say yes.
    let said = bed.infra("destroy --empty --yes").ended(1);
    assert!(said.err.contains("--allow"), "{}", said.err);
    bed.infra("destroy --empty").ended(1);
    assert_eq!(bed.boto(HELD), "[[112, 1, 1], 130]");
}
