package flumen.spark;

import flumen.v1.Flumen.Window;

/** Windows made for tests: who walks when and where is a function of camera and second alone. */
final class Made {
  /** Monday 5 January 2026, 0:00 UTC. */
  static final long BEGIN_S = 1_767_571_200;

  private Made() {}

  static Window quiet(String camera, long second) {
    Window.Builder window = Window.newBuilder()
        .setCamera(camera)
        .setEpoch(1)
        .setSequence(second * 10)
        .setBeginUs((BEGIN_S + second) * 1_000_000)
        .setDurationUs(1_000_000)
        .setSchema(1)
        .setCoveredPermille(1000);
    for (int i = 0; i < 122; i++) {
      window.addValues(i >= Features.LOOK ? 100 + i : 0);
    }
    return window.build();
  }

  /** Something at a place, on its way to the right or left. */
  static Window busy(String camera, long second, double x, boolean right) {
    int cell = 3 * 8 + (int) Math.min(7, x * 8);
    return quiet(camera, second).toBuilder()
        .setValues(cell, 0.3f)
        .setValues(Features.MOTION_MEAN, 0.02f)
        .setValues(Features.THINGS_MEAN, 1)
        .setValues(Features.THINGS_MOST, 1)
        .setValues(Features.SIZE_MOST, 0.03f)
        .setValues(Features.HEIGHT_MEAN, 0.3f)
        .setValues(Features.FOOT_X, (float) x)
        .setValues(Features.FOOT_Y, 0.7f)
        .setValues(Features.SPEED_MEAN, 0.1f)
        .setValues(Features.HEADING + (right ? 0 : 4), 1)
        .setValues(Features.DWELL_MOST, (float) (x * 10))
        .build();
  }

  /** By day somebody walks to the right in the first ten seconds of two minutes in three; nights are quiet. */
  static Window usual(String camera, long second) {
    long minute = second / 60;
    long hour = minute / 60 % 24;
    long salt = Math.floorMod(camera.hashCode() * 31L + minute * 17, 3);
    boolean walks = hour >= 8 && hour < 18 && salt != 0 && second % 60 < 10;
    return walks ? busy(camera, second, (second % 60 + 0.5 + salt / 10.0) / 11, true) : quiet(camera, second);
  }
}
