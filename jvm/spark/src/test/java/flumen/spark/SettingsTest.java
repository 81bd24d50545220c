package flumen.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
  private static Settings parse(String arguments) {
    return Settings.parse(arguments.split(" "));
  }

  @Test
  void aRangeIsReadOnce() {
    Settings s = parse("--brokers b:1 --dir file:///d --from 2026-01-05T08:00:00Z --to 2026-01-05T09:00:00Z");
    assertEquals(0, s.triggerMs());
    assertEquals(3_600_000_000L, s.toUs() - s.fromUs());
    assertEquals("mllib/main", s.lineage());
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
    "--dir d | --brokers is missing",
    "--brokers b | --dir is missing",
    "--brokers | needs a value",
    "--brokers b --dir d --name Ä | --name",
    "--brokers b --dir d --from yesterday | --from",
    "--brokers b --dir d --trigger-ms -1 | --trigger-ms",
    "--brokers b --dir d --trigger-ms 5 --to 2026-01-05T09:00:00Z | --trigger-ms",
    "--brokers b --dir d --from 2026-01-05T09:00:00Z --to 2026-01-05T08:00:00Z | --from",
    "--brokers b --dir d --client-properties /no/such/file | /no/such/file",
    "--brokers b --dir d --colour red | --colour",
  })
  void wrongArgumentsAreNamed(String arguments, String named) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> parse(arguments));
    assertTrue(e.getMessage().contains(named), e.getMessage());
    assertTrue(e.getMessage().contains("flumen.spark.Learn --brokers"), "usage is told");
  }
}
