package flumen.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A unit that ends the process is fed twice and then left out with its group. */
class CrashTest {
  @TempDir Path notes;

  private Crash.Ended feed(int faulty) throws Exception {
    return Crash.run(
        Map.of("FLUMEN_BRIDGE_PLANT", "on"),
        "-Dflumen.library=" + System.getProperty("flumen.library"),
        "-Dflumen.notes=" + notes,
        Integer.toString(faulty));
  }

  @Test
  void leftOutAfterTheSecondCrash() throws Exception {
    Planted.need();
    List<String> whole = feed(-1).out();
    for (int i = 0; i < 2; i++) {
      Crash.Ended ended = feed(40);
      assertNotEquals(0, ended.code(), "the process ends at the planted fault");
    }
    Crash.Ended third = feed(40);
    assertEquals(0, third.code(), third.err());
    List<String> out = third.out();
    List<String> rejects = out.stream().filter(l -> l.contains("flumen.rejects")).toList();
    assertEquals(2, rejects.size(), "the damaged record of the clip, and the group: " + rejects);
    int key = Integer.parseInt(rejects.get(0).split(" ")[0]);
    List<String> gaps = out.stream().filter(l -> l.contains("flumen.gaps")).toList();
    assertTrue(gaps.get(0).endsWith("/3"), "a decoder gap: " + gaps);
    int next = Integer.parseInt(gaps.get(0).split(" ")[0]);
    assertTrue(key <= 40 && 40 < next, key + ".." + next);
    long frames = out.stream().filter(l -> l.contains("flumen.frames")).count();
    long before = whole.stream().filter(l -> l.contains("flumen.frames")).count();
    assertEquals(next - key, before - frames, "the group is missing and no more");
  }
}
