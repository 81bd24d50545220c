package flumen.spark;

/** What an hour of the week usually brings (docs/ref/models.md, "Forecast" 2). */
final class Season {
  static final int WEEK = 168;
  private static final int HOURS = 24;
  private static final int WORK = 120;
  private static final double LEAST = 1e-4;
  private static final double UNSEEN = 0.5;

  final double[] weeks = new double[WEEK];
  final double[] entries = new double[WEEK];

  /** What is expected by hour of the week, and on how many weeks that stands. */
  record Rates(double[] rate, double[] weeks) {}

  void add(int hourOfWeek, double count) {
    weeks[hourOfWeek]++;
    entries[hourOfWeek] += count;
  }

  void fade(double by) {
    for (int h = 0; h < WEEK; h++) {
      weeks[h] *= by;
      entries[h] *= by;
    }
  }

  /** Weeks and entries by hour of the day, of hours of the week from one to another. */
  private double[][] byHour(int from, int to) {
    double[][] sums = new double[2][HOURS];
    for (int h = from; h < to; h++) {
      sums[0][h % HOURS] += weeks[h];
      sums[1][h % HOURS] += entries[h];
    }
    return sums;
  }

  /** What is expected, with counts that vary so many times as much as a Poisson's. */
  Rates rates(double wide) {
    double[][] any = byHour(0, WEEK);
    double seen = 0;
    double came = 0;
    for (int g = 0; g < HOURS; g++) {
      seen += any[0][g];
      came += any[1][g];
    }
    double all = seen > 0 ? came / seen : 0;
    Rates rates = new Rates(new double[WEEK], new double[WEEK]);
    for (int[] span : new int[][] {{0, WORK}, {WORK, WEEK}}) {
      double[][] kind = byHour(span[0], span[1]);
      double uneven = uneven(span, kind, wide);
      for (int h = span[0]; h < span[1]; h++) {
        int g = h % HOURS;
        double usual = kind[0][g] > 0 ? kind[1][g] / kind[0][g] : 0;
        rates.weeks[h] = UNSEEN;
        if (kind[0][g] <= 0) {
          rates.rate[h] = any[0][g] > 0 ? any[1][g] / any[0][g] : all;
        } else if (usual > 0) {
          double asMuch = wide / (uneven * usual);
          double on = weeks[h] + asMuch;
          rates.rate[h] = (entries[h] + asMuch * usual) / on;
          rates.weeks[h] = Math.min(on, weeks[h] + kind[0][g]);
        }
      }
    }
    return rates;
  }

  /** How far the days of a kind lie apart at the same hour: relative variance of their true means. */
  private double uneven(int[] span, double[][] kind, double wide) {
    double apart = 0;
    double scale = 0;
    for (int h = span[0]; h < span[1]; h++) {
      int g = h % HOURS;
      double usual = kind[0][g] > 0 ? kind[1][g] / kind[0][g] : 0;
      if (weeks[h] > 0 && usual > 0) {
        double others = 1 - weeks[h] / kind[0][g];
        double chance = wide * usual / weeks[h] * others;
        double off = entries[h] / weeks[h] - usual;
        apart += (off * off - chance) * weeks[h] / usual;
        scale += usual * weeks[h] * others;
      }
    }
    return scale > 0 ? Math.max(apart / scale, LEAST) : 1;
  }
}
