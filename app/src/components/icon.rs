//! Icons: line drawings in the colour of the text around them. None carries meaning alone, a word is always near.

use leptos::prelude::*;

/// What an icon shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Tick,
    Cross,
    Dash,
    Ring,
    HalfRing,
    Warning,
    Spinner,
    Search,
    Book,
    Key,
    Monitor,
    Moon,
    Sun,
    Arrow,
}

impl Shape {
    /// The drawing, on 16 by 16, as an SVG path of strokes.
    const fn path(self) -> &'static str {
        match self {
            Self::Tick => "M3 8.5l3.2 3.2L13 5",
            Self::Cross => "M4 4l8 8M12 4l-8 8",
            Self::Dash => "M3.5 8h9",
            Self::Ring => "M8 2.75a5.25 5.25 0 1 1 0 10.5a5.25 5.25 0 1 1 0-10.5",
            Self::HalfRing => {
                "M8 2.75a5.25 5.25 0 1 1 0 10.5a5.25 5.25 0 1 1 0-10.5M8 2.75v10.5M8 6h4.6M8 9.9h4.6"
            }
            Self::Warning => "M8 2.2L14.6 13.5H1.4zM8 6.4v3.2M8 11.4v.1",
            Self::Spinner => "M8 2.25a5.75 5.75 0 1 1-5.75 5.75",
            Self::Search => "M7 2.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9M10.4 10.4L14 14",
            Self::Book => {
                "M8 4.2C6.6 3 4.6 2.7 2 3v9.5c2.6-.3 4.6 0 6 1.2 1.4-1.2 3.4-1.5 6-1.2V3c-2.6-.3-4.6 0-6 1.2zM8 4.2v9.5"
            }
            Self::Key => "M2 4.5h12v7H2zM4.5 7h.1M7 7h.1M9.5 7h.1M12 7h-.1M5 9.3h6",
            Self::Monitor => "M2 3h12v8H2zM5.5 13.5h5M8 11v2.5",
            Self::Moon => "M13 9.6A5.6 5.6 0 0 1 6.4 3a5.6 5.6 0 1 0 6.6 6.6z",
            Self::Sun => {
                "M8 5.2a2.8 2.8 0 1 1 0 5.6a2.8 2.8 0 1 1 0-5.6M8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.85.85M11.750 11.750l.85.85M12.6 3.4l-.85.85M4.250 11.750l-.85.85"
            }
            Self::Arrow => "M3 8h9.5M8.8 4.2L12.6 8l-3.8 3.8",
        }
    }
}

/// An icon; hidden from screen readers.
#[component]
pub(crate) fn Icon(shape: Shape) -> impl IntoView {
    let class = if shape == Shape::Spinner { "icon icon--spinning" } else { "icon" };
    view! {
        <svg class=class viewBox="0 0 16 16" aria-hidden="true">
            <path d=shape.path()/>
        </svg>
    }
}
