#!/usr/bin/python3
"""Serves video files in a loop as RTSP cameras on this machine, for tests.

    rtsp_server.py PORT NAME=FILE [NAME=FILE ...] [--login USER:PASSWORD]

Each file (MP4, MKV, TS; H.264 or H.265) is at rtsp://127.0.0.1:PORT/NAME, over TCP and UDP,
at its own rate, its times running on over the loops. Like a camera it runs on while nobody
watches: who joins waits for the next key frame. Prints READY when it answers, ends on SIGTERM.

Debian packages: python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base
gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
"""

import argparse
import signal
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstApp, GstRtspServer  # noqa: E402,F401


class Clip:
    """The access units of a file: [(bytes, pts, dts, is_key)], times in nanoseconds."""

    def __init__(self, path):
        pipeline = Gst.parse_launch(
            f'filesrc location="{path}" ! parsebin name=parse appsink name=out sync=false'
        )
        out = pipeline.get_by_name("out")
        self.codec = None
        pipeline.get_by_name("parse").connect("pad-added", self._link, pipeline, out)
        pipeline.set_state(Gst.State.PLAYING)
        self.units = []
        while (sample := out.try_pull_sample(10 * Gst.SECOND)) is not None:
            buffer = sample.get_buffer()
            key = not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT)
            dts = buffer.dts if buffer.dts != Gst.CLOCK_TIME_NONE else buffer.pts
            data = buffer.extract_dup(0, buffer.get_size())
            self.units.append((data, buffer.pts, dts, key))
        pipeline.set_state(Gst.State.NULL)
        if len(self.units) < 2:
            sys.exit(f"{path}: no H.264 or H.265 video")
        first = self.units[0][2]
        self.units = [(data, pts - first, dts - first, key) for data, pts, dts, key in self.units]
        last = self.units[-1][2]
        self.length = last + last // (len(self.units) - 1)

    def _link(self, _parse, pad, pipeline, out):
        name = pad.query_caps(None).get_structure(0).get_name()
        if self.codec or name not in ("video/x-h264", "video/x-h265"):
            sink = Gst.ElementFactory.make("fakesink")
        else:
            self.codec = name.removeprefix("video/x-")
            parser = Gst.ElementFactory.make(f"{self.codec}parse")
            parser.set_property("config-interval", -1)
            caps = Gst.Caps.from_string(f"{name},stream-format=byte-stream,alignment=au")
            out.set_property("caps", caps)
            pipeline.add(parser)
            parser.link(out)
            parser.sync_state_with_parent()
            sink = parser
        if sink.get_parent() is None:
            pipeline.add(sink)
            sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))


class Camera(GstRtspServer.RTSPMediaFactory):
    """One file as a camera, shared by all who watch."""

    def __init__(self, clip, began):
        super().__init__()
        self.clip, self.began = clip, began
        self.set_shared(True)
        self.set_launch(
            f"( appsrc name=source is-live=true format=time caps=video/x-{clip.codec},"
            "stream-format=byte-stream,alignment=au max-bytes=33554432 ! "
            f"rtp{clip.codec}pay name=pay0 pt=96 config-interval=-1 )"
        )
        self.connect("media-configure", self._configure)

    def _configure(self, _factory, media):
        source = media.get_element().get_by_name("source")
        gone = threading.Event()
        media.connect("unprepared", lambda _media: gone.set())
        threading.Thread(target=self._feed, args=(source, gone), daemon=True).start()

    def _feed(self, source, gone):
        """Pushes from where the camera stands now, at its own rate."""
        units, length = self.clip.units, self.clip.length
        joined = time.monotonic_ns() - self.began
        loop, number = joined // length, 0
        while number < len(units) and units[number][2] + loop * length < joined:
            number += 1
        while not gone.is_set():
            if number >= len(units):
                loop, number = loop + 1, 0
            data, pts, dts, key = units[number]
            number += 1
            due = dts + loop * length
            ahead = due - (time.monotonic_ns() - self.began)
            if ahead > 0 and gone.wait(ahead / 1e9):
                return
            buffer = Gst.Buffer.new_wrapped(data)
            buffer.pts = max(0, pts + loop * length - joined)
            buffer.dts = max(0, due - joined)
            if not key:
                buffer.set_flags(Gst.BufferFlags.DELTA_UNIT)
            if source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
                return


def with_login(server, login):
    """Only the named user gets in, with basic or digest authentication."""
    user, password = login.split(":", 1)
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("cameras", nargs="+", metavar="NAME=FILE")
    parser.add_argument("--login", metavar="USER:PASSWORD")
    options = parser.parse_args()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(options.port))
    if options.login:
        with_login(server, options.login)
    began = time.monotonic_ns()
    for camera in options.cameras:
        name, path = camera.split("=", 1)
        factory = Camera(Clip(path), began)
        if options.login:
            permissions = GstRtspServer.RTSPPermissions()
            for right in ("media.factory.access", "media.factory.construct"):
                permissions.add_permission_for_role("viewer", right, True)
            factory.set_permissions(permissions)
        server.get_mount_points().add_factory(f"/{name}", factory)
    if server.attach(None) == 0:
        sys.exit(f"port {options.port} is taken")
    loop = GLib.MainLoop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, sign, loop.quit)
    print("READY", flush=True)
    loop.run()


if __name__ == "__main__":
    main()
