package flumen.spark;

import flumen.spark.state.AheadState;
import flumen.spark.state.MadeHour;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** Forecasts so many hours ahead: inputs brought together, and how far off they were (docs/ref/models.md). */
final class Ahead {
  static final List<String> INPUTS = List.of("season", "last-hours", "last-days");
  static final int COUNT = 3;
  /** The weights without any hour, and as how many rows these count. */
  private static final double[] FIRST = {1, 0, 0};
  private static final double STRENGTH = 100;
  private static final double SOME = 0.05;
  private static final double MOST_OFF = 9;
  private static final double HOURS = 20;
  private static final double SQUARE = 0.02;

  double[] weights = FIRST.clone();
  private final double[][] products = new double[COUNT][COUNT];
  private final double[] answers = new double[COUNT];
  /** Sums of the regression of squares on mean and squared mean. */
  private final double[] spread = new double[5];
  private final Deque<MadeHour> made = new ArrayDeque<>();

  /** What was foretold of an hour, null when nothing; it goes, and what is older. */
  MadeHour of(long hour) {
    while (!made.isEmpty() && made.peekFirst().getHour() < hour) {
      made.removeFirst();
    }
    return !made.isEmpty() && made.peekFirst().getHour() == hour ? made.removeFirst() : null;
  }

  void keep(MadeHour one) {
    made.addLast(one);
  }

  double mean(double[] inputs) {
    double sum = 0;
    for (int i = 0; i < COUNT; i++) {
      sum += weights[i] * inputs[i];
    }
    return Math.max(0, sum);
  }

  /** Learns from what came; `kept` is that within bounds. */
  void learn(MadeHour of, double came, double kept) {
    if (!of.getKnown()) {
      return;
    }
    double[] x = Lists.array(of.getInputsList());
    double weight = 1 / (x[0] + 1);
    for (int i = 0; i < COUNT; i++) {
      for (int j = 0; j < COUNT; j++) {
        products[i][j] += x[i] * x[j] * weight;
      }
      answers[i] += x[i] * (weight * kept);
    }
    double m = of.getMean();
    if (m > SOME) {
      double off = Math.min((came - m) * (came - m), MOST_OFF * (of.getVariance() + 1)) / (1 + 1 / of.getWeeks());
      double by = 1 / (m * m + m);
      double[] row = {m * m, m * m * m, m * m * m * m, m * off, m * m * off};
      for (int i = 0; i < row.length; i++) {
        spread[i] += by * row[i];
      }
    }
  }

  void fade(double by) {
    for (int i = 0; i < COUNT; i++) {
      for (int j = 0; j < COUNT; j++) {
        products[i][j] *= by;
      }
      answers[i] *= by;
    }
    for (int i = 0; i < spread.length; i++) {
      spread[i] *= by;
    }
  }

  /** How the variance follows from the mean: a mean + b mean^2. */
  double[] spread() {
    double xx = spread[0] + HOURS;
    double xz = spread[1];
    double zz = spread[2] + HOURS;
    double x = spread[3] + HOURS;
    double z = spread[4] + HOURS * SQUARE;
    double determinant = xx * zz - xz * xz;
    double a = (x * zz - z * xz) / determinant;
    double b = (z * xx - x * xz) / determinant;
    if (a < 1) {
      return new double[] {1, Math.max(0, (z - xz) / zz)};
    }
    return b < 0 ? new double[] {Math.max(1, x / xx), 0} : new double[] {a, b};
  }

  /**
   * Adds rows that ask for the same weights as all hours so far: the triangle of their products, since
   * only these are kept.
   */
  void rows(List<double[]> rows, List<Double> wanted) {
    double[][] l = new double[COUNT][COUNT];
    for (int i = 0; i < COUNT; i++) {
      for (int j = 0; j <= i; j++) {
        double sum = products[i][j];
        for (int k = 0; k < j; k++) {
          sum -= l[i][k] * l[j][k];
        }
        if (i == j) {
          l[i][i] = sum > 1e-9 ? Math.sqrt(sum) : 0;
        } else {
          l[i][j] = l[j][j] > 0 ? sum / l[j][j] : 0;
        }
      }
    }
    double[] z = new double[COUNT];
    for (int i = 0; i < COUNT; i++) {
      double sum = answers[i];
      for (int k = 0; k < i; k++) {
        sum -= l[i][k] * z[k];
      }
      if (l[i][i] > 0) {
        z[i] = sum / l[i][i];
        rows.add(new double[] {l[0][i], l[1][i], l[2][i]});
        wanted.add(z[i]);
      }
    }
  }

  /** The rows that stand for no hour at all. */
  static void first(List<double[]> rows, List<Double> wanted) {
    for (int i = 0; i < COUNT; i++) {
      double[] row = new double[COUNT];
      row[i] = Math.sqrt(STRENGTH);
      rows.add(row);
      wanted.add(row[i] * FIRST[i]);
    }
  }

  AheadState save() {
    AheadState.Builder to = AheadState.newBuilder().addAllMade(made);
    Lists.put(weights, to::addWeights);
    for (double[] row : products) {
      Lists.put(row, to::addProducts);
    }
    Lists.put(answers, to::addAnswers);
    Lists.put(spread, to::addSpread);
    return to.build();
  }

  void load(AheadState from) {
    weights = Lists.array(from.getWeightsList());
    List<double[]> rows = Lists.rows(from.getProductsList(), COUNT);
    for (int i = 0; i < COUNT; i++) {
      products[i] = rows.get(i);
    }
    Lists.get(from.getAnswersList(), answers);
    Lists.get(from.getSpreadList(), spread);
    made.addAll(from.getMadeList());
  }
}
