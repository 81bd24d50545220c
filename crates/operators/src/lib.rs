//! Pure frame analysis: planes in, detections out.
