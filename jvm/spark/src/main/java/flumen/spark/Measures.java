package flumen.spark;

import flumen.spark.state.MadeHour;
import flumen.v1.Flumen.ModelCard.Measure;
import java.util.ArrayList;
import java.util.List;

/** How good forecasts were, against a week ago (docs/ref/models.md, "Forecast" 7). */
final class Measures {
  private static final String[][] NAMES = {{"mae-1h", "coverage-1h"}, {"mae-24h", "coverage-24h"}};
  private static final int OFF = 1;
  private static final int SQUARES = 2;
  private static final int BUSY = 3;
  private static final int WITHIN = 4;

  /** An hour ahead, a day ahead, a week ago: hours, sums of errors and squares, busy hours, those within. */
  final double[][] sums = new double[3][5];

  /** Takes what was foretold, what came, and what had come a week ago; below 0 when that is not known. */
  void add(MadeHour[] made, double came, double weekAgo) {
    if (weekAgo < 0) {
      return;
    }
    for (int i = 0; i < made.length; i++) {
      if (made[i] != null) {
        double[] within = Counts.interval(made[i].getMean(), made[i].getVariance());
        double off = came - made[i].getMean();
        sums[i][0]++;
        sums[i][OFF] += Math.abs(off);
        sums[i][SQUARES] += off * off;
        sums[i][BUSY] += within[1] > 0 ? 1 : 0;
        sums[i][WITHIN] += within[1] > 0 && within[0] <= came && came <= within[1] ? 1 : 0;
      }
    }
    sums[2][0]++;
    sums[2][OFF] += Math.abs(came - weekAgo);
  }

  void fade(double by) {
    for (double[] one : sums) {
      for (int i = 0; i < one.length; i++) {
        one[i] *= by;
      }
    }
  }

  /** Root of the mean square of what an hour or a day ahead was off. */
  double off(int ahead) {
    return Math.sqrt(sums[ahead][SQUARES] / Math.max(1, sums[ahead][0]));
  }

  List<Measure> list() {
    List<Measure> list = new ArrayList<>();
    for (int i = 0; i < NAMES.length; i++) {
      list.add(measure(NAMES[i][0], share(sums[i][OFF], sums[i][0])));
      list.add(measure(NAMES[i][1], share(sums[i][WITHIN], sums[i][BUSY])));
    }
    list.add(measure("mae-week-ago", share(sums[2][OFF], sums[2][0])));
    list.add(measure("hours", sums[2][0]));
    return list;
  }

  private static double share(double a, double b) {
    return b > 0 ? a / b : 0;
  }

  private static Measure measure(String name, double value) {
    return Measure.newBuilder().setName(name).setValue(value).build();
  }
}
