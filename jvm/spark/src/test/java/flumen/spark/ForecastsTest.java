package flumen.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import flumen.spark.state.MadeHour;
import flumen.v1.Flumen.Insight;
import flumen.v1.Flumen.Minute;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Forecasts of made counts, beside an oracle that knows the rates; the same as in crates/learn. */
class ForecastsTest {
  private static final long BEGIN = 490_992;
  private static final int DAYS = 42;

  private long state = 7;

  private double unit() {
    state = state * 6_364_136_223_846_793_005L + 1_442_695_040_888_963_407L;
    return ((state >>> 11) + 0.5) / (1L << 53);
  }

  private int poisson(double rate) {
    double at = 0;
    for (int count = 0; ; count++) {
      at -= Math.log(unit()) / Math.max(rate, 1e-12);
      if (at >= 1) {
        return count;
      }
    }
  }

  private static double rate(long hourOfWeek) {
    long day = hourOfWeek / 24;
    long hour = hourOfWeek % 24;
    double uneven = 0.85 + 0.3 * ((hourOfWeek * 37 % 101) / 100.0);
    double usual = hour >= 7 && hour < 21 ? 12 + 4.0 * (hour % 5) : 0;
    return uneven * usual * (day < 5 ? 1 : 0.5);
  }

  private static Forecasts.Ended hour(Forecasts forecasts, long hour, int entries) {
    Forecasts.Ended ended = null;
    for (int minute = 0; minute < 60; minute++) {
      Forecasts.Ended one = forecasts.minute(Minute.newBuilder()
          .setMinute(hour * 60 + minute)
          .setHourOfWeek((int) ((hour - BEGIN) % 168))
          .setSeen(60)
          .setEntries(minute == 0 ? entries : 0)
          .build());
      ended = one == null ? ended : one;
    }
    return ended;
  }

  @Test
  void afterFourWeeksErrorsAreNearThoseOfWhoKnowsTheRates() throws Exception {
    Forecasts it = new Forecasts();
    Deque<Double> aDayAgo = new ArrayDeque<>();
    double[] off = new double[2];
    double oracle = 0;
    double busy = 0;
    double within = 0;
    Forecasts.Ended last = null;
    for (long h = 0; h < DAYS * 24; h++) {
      double rate = rate(h % 168);
      int came = poisson(rate);
      Forecasts.Ended ended = hour(it, BEGIN + h, came);
      if (h % 24 == 0) {
        Forecasts.fit(List.of(it), new PlainTraining());
      }
      if (ended == null) {
        continue;
      }
      MadeHour next = ended.next().get(0);
      assertEquals(BEGIN + h, next.getHour());
      assertEquals(h % 24 == 0, ended.day());
      aDayAgo.addLast(ended.next().get(23).getMean());
      if (aDayAgo.size() > 24) {
        aDayAgo.removeFirst();
      }
      if (h >= 28 * 24) {
        off[0] += Math.abs(next.getMean() - came);
        off[1] += Math.abs(aDayAgo.peekFirst() - came);
        oracle += Math.abs(rate - came);
        double[] interval = Counts.interval(next.getMean(), next.getVariance());
        busy += rate > 0 ? 1 : 0;
        within += rate > 0 && interval[0] <= came && came <= interval[1] ? 1 : 0;
      }
      last = ended;
      // As if the job had been killed after each hour.
      Forecasts again = new Forecasts();
      again.load(it.save());
      assertEquals(it.save(), again.save());
      it = again;
    }
    assertTrue(off[0] / oracle <= 1.15 && off[1] / oracle <= 1.15, off[0] / oracle + " " + off[1] / oracle);
    assertTrue(within / busy > 0.86 && within / busy < 0.94, "" + within / busy);
    // As the embedded trainer computes them.
    assertEquals(27.428235686037912, last.next().get(10).getMean(), 1e-9);
    assertEquals(32.20915770453569, last.next().get(10).getVariance(), 1e-9);
    Insight told = it.insight("a", last);
    assertEquals(72, told.getAheadCount());
    assertEquals(48, told.getAheadList().stream().filter(Insight.Ahead::hasCame).count());
    assertEquals(168, it.record().getSeasonCount());
  }
}
