package flumen.bridge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import flumen.bridge.BridgeException.Code;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Whatever a caller does, he gets an answer or a BridgeException. */
class MisuseTest {
  private static void refused(Code code, String says, Executable call) {
    BridgeException e = assertThrows(BridgeException.class, call);
    assertEquals(code, e.code(), e.getMessage());
    assertTrue(e.getMessage().contains(says), e.getMessage());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void bothTablesOfCodesAreTheSame() {
    Analyzer.version();
    List<String> own = new ArrayList<>();
    for (Code code : Code.values()) {
      own.add((code.ordinal() + 1) + " " + code.name().toLowerCase().replace('_', '-'));
    }
    assertEquals(own, Native.text(Native.codes()).lines().toList());
    assertEquals(Code.INTERNAL, Code.of(77));
  }

  @Test
  void closedIsClosed() {
    Analyzer analyzer = Analyzer.open("yard", null);
    analyzer.close();
    analyzer.close();
    refused(Code.INVALID, "closed", () -> analyzer.process(0, 0, null, null));
    refused(Code.INVALID, "closed", analyzer::snapshot);
    refused(Code.INVALID, "closed", () -> analyzer.card(new byte[0]));
    refused(Code.INVALID, "closed", analyzer::problem);
  }

  @Test
  void numbersThatJavaMakesUpFindNothing() {
    Analyzer.version();
    for (long number : new long[] {0, -1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 47}) {
      refused(Code.INVALID, "closed", () -> Native.check(Native.snapshot(number)));
      Native.check(Native.close(number));
    }
  }

  @Test
  void wrongBytes() throws Exception {
    refused(Code.INVALID, "camera", () -> Analyzer.open("No Camera", null));
    refused(Code.INVALID, "camera", () -> Analyzer.open(null, null));
    refused(Code.DATA_LOSS, "flumen.cameras", () -> Analyzer.open("yard", bytes("\u00ff")));
    refused(Code.DATA_LOSS, "damaged", () -> Analyzer.restore("yard", new byte[0]));
    refused(Code.DATA_LOSS, "damaged", () -> Analyzer.restore("yard", null));
    try (Analyzer analyzer = Analyzer.open("yard", null)) {
      byte[] snapshot = analyzer.snapshot();
      refused(Code.INVALID, "gate", () -> Analyzer.restore("gate", snapshot));
      byte[] newer = snapshot.clone();
      newer[4] = 99;
      refused(Code.UNSUPPORTED, "layout 99", () -> Analyzer.restore("yard", newer));
      Models closed = Golden.models();
      closed.close();
      refused(Code.INVALID, "closed", () -> analyzer.follow(closed));
      refused(Code.INVALID, "closed", () -> closed.put(bytes("a/b/1"), 0, null, 0));
      refused(Code.DATA_LOSS, "flumen.cameras", () -> analyzer.card(bytes("\u00ff")));
    }
  }

  @Test
  void recordsThatCannotBeUsedAreRejectsAndNothingElse() throws Exception {
    List<Golden> clip = Golden.load();
    byte[][] headers = {null, new byte[0], bytes("\u00ff\u00ff"), clip.get(0).header()};
    try (Analyzer analyzer = Analyzer.open("gate", null)) {
      for (byte[] header : headers) {
        List<Output> made = analyzer.process(1, 2, header, clip.get(0).value());
        assertEquals(1, made.size());
        assertEquals("flumen.rejects", made.get(0).topic());
        assertArrayEquals(bytes("gate"), made.get(0).key());
      }
      assertFalse(analyzer.process(1, 3, null, null).isEmpty());
    }
    List<Output> stray = Analyzer.stray(bytes("NO"), 1, 2, null, 7);
    assertEquals("flumen.rejects", stray.get(0).topic());
    assertEquals(7, stray.get(0).timestampUs());
  }

  @Test
  void aPanicOfTheAnalysisIsARejectAndAPanicOfTheBridgePoisonsOneAnalyzer() throws Exception {
    Planted.need();
    List<Golden> clip = Golden.load();
    try (Analyzer analyzer = Analyzer.open("yard", null);
        Analyzer other = Analyzer.open("yard", null)) {
      Golden g = clip.get(0);
      List<Output> made = analyzer.process(0, 0, g.header(), Planted.with(g.value(), "panic"));
      assertEquals("flumen.rejects", made.get(0).topic());
      assertTrue(new String(made.get(0).value(), StandardCharsets.UTF_8).contains("panicked"));
      refused(
          Code.INTERNAL,
          "planted",
          () -> analyzer.process(0, 1, g.header(), Planted.with(g.value(), "poison")));
      refused(Code.INTERNAL, "poisoned", () -> analyzer.process(0, 2, g.header(), g.value()));
      refused(Code.INTERNAL, "poisoned", analyzer::snapshot);
      other.process(0, 0, g.header(), g.value());
      assertTrue(other.snapshot().length > g.value().length);
    }
  }

  @Test
  void severalThreadsTakeTurns() throws Exception {
    List<Golden> clip = Golden.load();
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try (Models models = Golden.models();
        Analyzer shared = Analyzer.open("yard", Golden.card());
        Analyzer inTurn = Analyzer.open("yard", Golden.card())) {
      shared.follow(models);
      inTurn.follow(models);
      List<Future<?>> all = new ArrayList<>();
      for (int t = 0; t < 2; t++) {
        all.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < 40; i++) {
                    shared.process(0, i, clip.get(i).header(), clip.get(i).value());
                    shared.snapshot();
                  }
                }));
      }
      for (Future<?> one : all) {
        one.get();
      }
      // One thread after the other: the same as on one.
      for (int i = 0; i < 40; i++) {
        int n = i;
        Golden g = clip.get(i);
        List<Output> made =
            threads.submit(() -> inTurn.process(0, n, g.header(), g.value())).get();
        assertArrayEquals(g.answer(), Golden.answer(made));
      }
    } finally {
      threads.shutdown();
    }
  }

  @Test
  void aThousandAnalyzersLeaveNothingBehind() throws Exception {
    List<Golden> clip = Golden.load();
    long before = 0;
    for (int n = 0; n < 1000; n++) {
      if (n == 200) {
        before = residentKb();
      }
      byte[] snapshot;
      try (Analyzer analyzer = Analyzer.open("yard", Golden.card())) {
        for (int i = 0; i < 5; i++) {
          analyzer.process(0, i, clip.get(i).header(), clip.get(i).value());
        }
        snapshot = analyzer.snapshot();
      }
      try (Analyzer analyzer = Analyzer.restore("yard", snapshot)) {
        analyzer.process(0, 5, clip.get(5).header(), clip.get(5).value());
      }
    }
    long grown = residentKb() - before;
    System.out.println("resident memory grew by " + grown + " KiB over 800 turns");
    assertTrue(grown < 48 << 10, grown + " KiB more after 800 turns");
  }

  private static long residentKb() throws Exception {
    System.gc();
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    return 0;
  }
}
