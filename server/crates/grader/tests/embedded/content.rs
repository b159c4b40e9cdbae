//! The content holds: starters fail, solutions pass, mistakes trip just what they name.

use podlab_exercises::content::{Content, ExerciseContent, prove::check_content};
use podlab_grader::grade;

use crate::lab::{cluster, fast};

fn holds(exercise: &str) {
    let content = Content::embedded().unwrap();
    let mut wrong = Vec::new();
    let holds = fast(async {
        let grade = async |exercise: &ExerciseContent, manifest: &str| {
            grade(exercise, manifest.as_bytes(), &content, &cluster(), &|_| {}).await
        };
        check_content(&content, &[exercise.to_owned()], grade, |proof| {
            if !proof.holds() {
                wrong.push(proof.to_string());
            }
        })
        .await
    });
    assert!(holds, "\n{}", wrong.join("\n"));
}

macro_rules! exercises {
    ($($test:ident: $name:literal,)*) => {
        $(
            #[test]
            fn $test() {
                holds($name);
            }
        )*

        #[test]
        fn every_exercise_has_its_test() {
            let content = Content::embedded().unwrap();
            let names: Vec<&str> = content.exercises.iter().map(|content| content.exercise.name.as_str()).collect();
            let tested = [$($name),*];
            assert!(names.iter().all(|name| tested.contains(name)) && names.len() == tested.len(), "{names:?}");
        }
    };
}

exercises! {
    three_busybox_holds: "three-busybox",
    mc1_holds: "mc1",
    mc3_holds: "mc3",
    adapters_holds: "adapters",
    my_two_container_pod_holds: "my-two-container-pod",
    my_multicontainer_pod_holds: "my-multicontainer-pod",
    sidecar1_holds: "sidecar1",
    pod_with_sidecar_holds: "pod-with-sidecar",
    maincont_holds: "maincont",
    main_and_sidecar_holds: "main-and-sidecar",
    multi_container_demo_holds: "multi-container-demo",
}
