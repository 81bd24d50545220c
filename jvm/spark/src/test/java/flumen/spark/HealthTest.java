package flumen.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import flumen.v1.Flumen.Insight;
import flumen.v1.Flumen.Minute;
import flumen.v1.Flumen.Phase;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongToDoubleFunction;
import org.junit.jupiter.api.Test;

/** Made days of a camera that fails, and of ones that do not; the same as in crates/learn. */
class HealthTest {
  private static List<Insight> told(int hours, LongToDoubleFunction harm) {
    Health it = new Health("a");
    List<Insight> all = new ArrayList<>();
    for (long h = 0; h < hours; h++) {
      double day = h % 24 >= 7 && h % 24 < 19 ? 1 : 0.6;
      double chance = 1 + 0.02 * ((h * 37 % 11) / 10.0 - 0.5);
      for (int m = 0; m < 60; m++) {
        Insight one = it.minute(Minute.newBuilder()
            .setMinute(h * 60 + m)
            .setHourOfWeek((int) (h % 168))
            .setSeen(60)
            .setBrightness(100 * day)
            .setContrast(40 * day)
            .setSharpness(7 * day * chance * harm.applyAsDouble(h))
            .setNoise(1.5 / day)
            .setUnitRate(5)
            .build());
        if (one != null) {
          all.add(one);
        }
      }
      Health again = new Health("a");
      again.load(it.save());
      assertEquals(it.save(), again.save());
      it = again;
    }
    return all;
  }

  @Test
  void aSlowDriftIsToldLongBeforeAndEndsWhenItIsRepaired() {
    List<Insight> told = told(240, h -> h >= 120 && h < 170 ? 1 - 0.8 * (h - 120) / 48.0 : 1);
    Insight first = told.get(0);
    assertEquals(Phase.PHASE_BEGIN, first.getPhase());
    assertEquals("sharpness", first.getDimension());
    long begun = first.getBeginUs() / 3_600_000_000L;
    assertTrue(begun >= 124 && begun < 150, "" + begun);
    assertTrue(first.getText().contains("clean and refocus the lens"), first.getText());
    assertEquals(Phase.PHASE_END, told.get(told.size() - 1).getPhase());
    for (int i = 0; i < told.size(); i++) {
      assertEquals(i, told.get(i).getRevision());
      assertEquals(first.getId(), told.get(i).getId());
    }
    assertTrue(told.size() > 4, "updates between them");
  }

  @Test
  void usualDaysAndChangesAtOnceAreNoDrift() {
    assertEquals(List.of(), told(300, h -> 1));
    assertEquals(List.of(), told(300, h -> h >= 150 ? 0.5 : 1), "another lens");
    assertEquals(List.of(), told(300, h -> h % 168 >= 120 ? 0.7 : 1), "weekends");
  }
}
