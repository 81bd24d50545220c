package flumen.bridge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Java gets what Rust gets, also across snapshots in mid-GOP. */
class SameAnswerTest {
  @Test
  void everyRecordOfTheClipIsTheSame() throws Exception {
    List<Golden> clip = Golden.load();
    long open = Analyzer.count();
    try (Models models = Golden.models(); Analyzer analyzer = Analyzer.open("yard", Golden.card())) {
      analyzer.follow(models);
      assertEquals(open + 1, Analyzer.count());
      for (int i = 0; i < clip.size(); i++) {
        Golden g = clip.get(i);
        List<Output> made = analyzer.process(0, i, g.header(), g.value());
        assertArrayEquals(g.answer(), Golden.answer(made), "record " + i);
      }
      assertEquals("", analyzer.problem());
    }
    assertEquals(open, Analyzer.count());
  }

  @Test
  void restoredInMidGopItGoesOnTheSame() throws Exception {
    List<Golden> clip = Golden.load();
    Models models = Golden.models();
    for (int every : new int[] {1, 5, 13}) {
      Analyzer analyzer = Analyzer.open("yard", Golden.card());
      analyzer.follow(models);
      int largest = 0;
      for (int i = 0; i < clip.size(); i++) {
        Golden g = clip.get(i);
        List<Output> made = analyzer.process(0, i, g.header(), g.value());
        assertArrayEquals(g.answer(), Golden.answer(made), "every " + every + ", record " + i);
        if (i % every == 0) {
          byte[] snapshot = analyzer.snapshot();
          largest = Math.max(largest, snapshot.length);
          analyzer.close();
          analyzer = Analyzer.restore("yard", snapshot);
          assertArrayEquals(snapshot, analyzer.snapshot());
          analyzer.follow(models);
        }
      }
      analyzer.close();
      assertTrue(largest > 1000 && largest < 4 << 20, largest + " bytes");
    }
    models.close();
    models.close();
  }

  @Test
  void aCardCountsFromItsTime() throws Exception {
    List<Golden> clip = Golden.load();
    try (Models models = Golden.models();
        Analyzer without = Analyzer.open("yard", null);
        Analyzer with = Analyzer.open("yard", null)) {
      with.follow(models);
      with.card(Golden.card()); // effective_us = 0: from the first record on
      for (int i = 0; i < 20; i++) {
        Golden g = clip.get(i);
        without.process(0, i, g.header(), g.value());
        byte[] made = Golden.answer(with.process(0, i, g.header(), g.value()));
        assertArrayEquals(g.answer(), made, "record " + i);
      }
    }
  }
}
