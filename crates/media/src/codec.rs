//! The codecs that we let in, and their names in libav.

use ffmpeg::ffi::AVCodecID;
use flumen_base::wire::Codec;

/// Decoders that probing may open; everything else is not even looked at.
pub(crate) const WHITELIST: &str = "h264,hevc,mjpeg,aac,opus,libopus,pcm_alaw,pcm_mulaw";

const NAMES: [(Codec, AVCodecID); 7] = [
    (Codec::H264, AVCodecID::H264),
    (Codec::H265, AVCodecID::HEVC),
    (Codec::Mjpeg, AVCodecID::MJPEG),
    (Codec::Aac, AVCodecID::AAC),
    (Codec::Opus, AVCodecID::OPUS),
    (Codec::Pcma, AVCodecID::PCM_ALAW),
    (Codec::Pcmu, AVCodecID::PCM_MULAW),
];

/// Our name of a libav codec, when it is one of ours.
pub(crate) fn from_av(id: AVCodecID) -> Option<Codec> {
    NAMES.iter().find(|(_, av)| *av == id).map(|(codec, _)| *codec)
}

/// libav's name of a video codec.
pub(crate) fn video_to_av(codec: Codec) -> Option<AVCodecID> {
    NAMES.iter().take(3).find(|(ours, _)| *ours == codec).map(|(_, av)| *av)
}

/// libav's name for people.
pub(crate) fn name(id: AVCodecID) -> String {
    // SAFETY: libavcodec answers every number with a static C string.
    let name = unsafe { std::ffi::CStr::from_ptr(ffmpeg::ffi::avcodec_get_name(id)) };
    name.to_string_lossy().into_owned()
}
