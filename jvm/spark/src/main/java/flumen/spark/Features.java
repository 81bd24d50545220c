package flumen.spark;

import flumen.v1.Flumen.Window;

/** What a window says of the things in it, as twelve numbers of like size (docs/ref/models.md). */
final class Features {
  static final int COUNT = 12;
  static final int SCHEMA = 1;

  static final int ACTIVITY = 0;
  static final int MOTION_MEAN = 48;
  static final int THINGS_MEAN = 50;
  static final int THINGS_MOST = 51;
  static final int THINGS_NEW = 52;
  static final int SIZE_MOST = 54;
  static final int HEIGHT_MEAN = 55;
  static final int FOOT_X = 56;
  static final int FOOT_Y = 57;
  static final int SPEED_MEAN = 58;
  static final int HEADING = 60;
  static final int DWELL_MOST = 69;
  static final int BRIGHTNESS = 70;
  static final int CONTRAST = 73;
  static final int SHARPNESS = 74;
  static final int NOISE = 75;
  static final int UNIT_RATE = 83;
  static final int BYTE_RATE = 88;
  static final int LOOK = 90;

  private static final long DAY_S = 86_400;
  private static final double HALF = 0.70710678118654752;
  private static final double LEAST_DEVIATION = 0.05;

  private Features() {}

  /** The value at a place; 0 where there is none. */
  static double value(Window window, int at) {
    return at < window.getValuesCount() ? window.getValues(at) : 0;
  }

  /** True when a window may be learned from. */
  static boolean isGood(Window window) {
    return window.getSchema() == SCHEMA
        && !window.getTampered()
        && window.getCoveredPermille() >= 900
        && window.getDurationUs() >= 500_000;
  }

  /** True when a good window has something in sight. */
  static boolean isBusy(Window window) {
    return isGood(window) && value(window, THINGS_MEAN) > 0;
  }

  /** Local time of a window's beginning: seconds since 1970 as if it were UTC. */
  static long localSeconds(Window window) {
    return Math.floorDiv(window.getBeginUs(), 1_000_000L) + window.getLocalOffsetS();
  }

  static double[] of(Window window) {
    double things = value(window, THINGS_MOST);
    double speed = value(window, SPEED_MEAN);
    double stay = value(window, DWELL_MOST);
    double[] way = new double[8];
    for (int k = 0; k < way.length; k++) {
      way[k] = value(window, HEADING + k);
    }
    double day = (double) Math.floorMod(localSeconds(window), DAY_S) / DAY_S;
    double quarter = day + 0.25 >= 1 ? day + 0.25 - 1 : day + 0.25;
    return new double[] {
      Math.sqrt(value(window, MOTION_MEAN)),
      things / (things + 2),
      Math.sqrt(value(window, SIZE_MOST)),
      value(window, HEIGHT_MEAN),
      value(window, FOOT_X),
      value(window, FOOT_Y),
      speed / (speed + 0.1),
      (way[0] - way[4]) + HALF * ((way[1] - way[3]) + (way[7] - way[5])),
      (way[2] - way[6]) + HALF * ((way[1] - way[7]) + (way[3] - way[5])),
      stay / (stay + 30),
      wave(day),
      wave(quarter),
    };
  }

  /** Features by a camera's mean and standard deviation of each. */
  static double[] standardised(double[] x, double[] mean, double[] deviation) {
    double[] z = new double[COUNT];
    for (int i = 0; i < COUNT; i++) {
      z[i] = (x[i] - mean[i]) / Math.max(deviation[i], LEAST_DEVIATION);
    }
    return z;
  }

  /** A wave of the time of day: -1 at 0, 1 at a half. */
  private static double wave(double u) {
    return u < 0.5 ? 4 * u - 1 : 3 - 4 * u;
  }
}
