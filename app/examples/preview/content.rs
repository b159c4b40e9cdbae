//! Made-up exercises, long and short enough to try the layout.

use podlab_app::api::{CheckView, Solution, TaskView, Track};
use podlab_exercises::{Difficulty, Exercise, Mode};

/// What an editor starts with.
pub(crate) const STARTER: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: pair
spec:
  containers:
    - name: web
      image: nginx:1.27
      # Mount the volume here.
    - name: writer
      image: debian:12
      command: [\"/bin/sh\", \"-c\"]
      args:
        - |
          while true; do
            date >> /html/index.html
            sleep 1
          done
";

/// The tracks.
pub(crate) fn tracks() -> Vec<Track> {
    let track = |name: &str, title: &str, summary: &str| Track {
        name: name.into(),
        title: title.into(),
        summary: summary.into(),
        exercises: exercises()
            .into_iter()
            .filter(|it| it.tracks.iter().any(|t| t == name))
            .map(|it| it.name)
            .collect(),
    };
    vec![
        track(
            "course",
            "Multi-container Pods",
            "From two containers and a volume to the patterns built on them.",
        ),
        track("ckad", "CKAD practice", "Tasks in the style of the exam."),
    ]
}

/// Every exercise.
pub(crate) fn exercises() -> Vec<Exercise> {
    use Difficulty::{Easy, Hard, Medium};
    let (course, both, ckad) = (&["course"] as &[&str], &["course", "ckad"] as &[&str], &["ckad"] as &[&str]);
    vec![
        exercise(
            "pair",
            10,
            Easy,
            both,
            "Two containers, one volume",
            "nginx serves the page that a second container keeps writing.",
        ),
        exercise(
            "proxy",
            15,
            Medium,
            both,
            "A proxy in front of a web app",
            "Requests reach nginx on port 80 and go on to the app over localhost.",
        ),
        exercise(
            "adapters",
            15,
            Medium,
            course,
            "Two adapters, two partners",
            "The same booking app speaks two formats, through an adapter beside it.",
        ),
        exercise(
            "trio",
            5,
            Easy,
            course,
            "Three containers in a Pod",
            "Three shells run side by side, each with a command and a log of its own.",
        ),
        exercise(
            "drain",
            25,
            Hard,
            ckad,
            "A sidecar that outlives its application by exactly the time that the last log line needs",
            "A native sidecar starts first, stops last, and lets nothing get lost in between, whatever the application does.",
        ),
    ]
}

fn exercise(
    name: &str,
    minutes: u32,
    difficulty: Difficulty,
    tracks: &[&str],
    title: &str,
    summary: &str,
) -> Exercise {
    Exercise {
        name: name.into(),
        title: title.into(),
        summary: summary.into(),
        tracks: tracks.iter().map(|&track| track.into()).collect(),
        minutes,
        difficulty,
        mode: Mode::Manifest,
        tasks: vec![],
    }
}

/// The brief of each exercise.
pub(crate) const BRIEF: &str = "\
<p>Containers of a Pod can share a volume. One container writes to it, another reads from it, and neither has to know \
where the other has mounted it.</p>\
<p>Here <code>writer</code> adds a line to <code>index.html</code> every second, and <code>web</code> serves that very \
file: whoever asks for the page sees it grow.</p>\
<pre><code class=\"language-sh\">kubectl exec pair -c web -- cat /usr/share/nginx/html/index.html</code></pre>\
<pre><code class=\"language-text\"> writer ──writes──▶ [ emptyDir ] ◀──reads── web ◀──asks── whoever wants to see the page</code></pre>\
<pre><code class=\"language-yaml\">volumes:\n  - name: html\n    emptyDir: {}\n</code></pre>\
<ul><li>nginx serves <code>/usr/share/nginx/html</code>.</li><li>An <code>emptyDir</code> lives as long as its \
Pod.</li></ul>";

/// The tasks of each exercise.
pub(crate) fn tasks() -> Vec<TaskView> {
    let check = |id: &str, title: &str, points, hints| CheckView {
        id: id.into(),
        title: title.into(),
        points,
        hints,
    };
    let task =
        |id: &str, html: &str, checks: Vec<CheckView>| TaskView { id: id.into(), html: html.into(), checks };
    vec![
        task(
            "pod",
            "<p>Create a Pod called <code>pair</code> with the containers <code>web</code> (nginx) and \
             <code>writer</code> (debian).</p>",
            vec![
                check("pod-is-there", "Pod pair has the containers web and writer", 1, 1),
                check("pod-runs", "Both containers run", 1, 2),
            ],
        ),
        task(
            "volume",
            "<p>Let both mount one <code>emptyDir</code>, so that what <code>writer</code> writes is what \
             <code>web</code> serves.</p>",
            vec![
                check(
                    "same-file",
                    "What writer puts into /html is served by web, from the same volume",
                    3,
                    3,
                ),
                check("page-grows", "The page grows by a line every second", 2, 2),
                check("answers", "Port 80 answers with the page", 1, 0),
            ],
        ),
    ]
}

/// The hints of each check.
pub(crate) const HINTS: [&str; 3] = [
    "<p>Look at what each container mounts, and from which volume.</p>",
    "<p>Two volumes with the same content are still two. <code>volumes</code> needs one entry, and both \
     <code>volumeMounts</code> name it.</p>",
    "<p>In <code>writer</code>: <code>volumeMounts: [{name: html, mountPath: /html}]</code>.</p>",
];

/// The solutions of each exercise.
pub(crate) fn solutions() -> Vec<Solution> {
    let both = STARTER
        .replace(
            "      # Mount the volume here.\n",
            "      volumeMounts:\n        - {name: html, mountPath: /usr/share/nginx/html}\n",
        )
        .replace("spec:\n", "spec:\n  volumes:\n    - name: html\n      emptyDir: {}\n");
    let sidecar = both.replace(
        "  containers:\n",
        "  # The writer starts before nginx and stops after it.\n  initContainers: []\n  containers:\n",
    );
    vec![
        Solution { title: "Two containers".into(), manifest: both },
        Solution { title: "The writer as a native sidecar".into(), manifest: sidecar },
    ]
}
