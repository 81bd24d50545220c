//! The HTTP face: REST, live video, playback, the web pages.
