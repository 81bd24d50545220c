package flumen.spark;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Properties;

/**
 * The job's arguments. {@code client} goes to every Kafka client (security and the like).
 *
 * @param fromUs windows that begin earlier are not learned from
 * @param toUs windows that begin then or later are not learned from; the run ends at today's end
 * @param triggerMs 0 = read what is there and end
 */
record Settings(
    String brokers,
    String dir,
    String name,
    long fromUs,
    long toUs,
    long triggerMs,
    long maxRecords,
    Properties client) {

  static final String USAGE =
      """
      flumen.spark.Learn --brokers HOST:PORT[,HOST:PORT...] --dir URI
        --dir URI                 checkpoint and state: file:///..., hdfs://...
        --name NAME               of this training, stands in its cards; default main
        --trigger-ms N            from one batch to the next, default 10000; 0 = what is there now, then end
        --from TIME --to TIME     learn from these windows alone, as 2026-11-22T08:00:00Z; implies --trigger-ms 0
        --max-records N           of a batch, default 100000
        --client-properties FILE  settings of Kafka's clients, for TLS and SASL
      """;

  String lineage() {
    return "mllib/" + name;
  }

  static Settings parse(String[] args) {
    String brokers = null;
    String dir = null;
    String name = "main";
    long from = Long.MIN_VALUE;
    long to = Long.MAX_VALUE;
    long trigger = -1;
    long most = 100_000;
    Properties client = new Properties();
    for (int i = 0; i < args.length; i += 2) {
      if (i + 1 == args.length) {
        throw wrong(args[i] + " needs a value");
      }
      String value = args[i + 1];
      switch (args[i]) {
        case "--brokers" -> brokers = value;
        case "--dir" -> dir = value;
        case "--name" -> name = name(value);
        case "--trigger-ms" -> trigger = number(args[i], value, 0, 3_600_000);
        case "--from" -> from = time(args[i], value);
        case "--to" -> to = time(args[i], value);
        case "--max-records" -> most = number(args[i], value, 1_000, 10_000_000);
        case "--client-properties" -> client = load(value);
        default -> throw wrong("unknown argument " + args[i]);
      }
    }
    if (brokers == null || brokers.isBlank()) {
      throw wrong("--brokers is missing");
    }
    if (dir == null || dir.isBlank()) {
      throw wrong("--dir is missing");
    }
    if (from >= to) {
      throw wrong("--from must be before --to");
    }
    boolean ranged = from != Long.MIN_VALUE || to != Long.MAX_VALUE;
    if (ranged && trigger > 0) {
      throw wrong("--trigger-ms above 0 goes with no --from or --to");
    }
    trigger = trigger >= 0 ? trigger : ranged ? 0 : 10_000;
    return new Settings(brokers, dir, name, from, to, trigger, most, client);
  }

  private static String name(String value) {
    if (!value.matches("[a-z0-9][a-z0-9-]{0,62}")) {
      throw wrong("--name is 1 to 63 of a-z, 0-9 and '-', not '" + value + "'");
    }
    return value;
  }

  private static long time(String option, String value) {
    try {
      return Math.multiplyExact(Instant.parse(value).toEpochMilli(), 1000);
    } catch (DateTimeParseException | ArithmeticException e) {
      throw wrong(option + " is a time of UTC such as 2026-11-22T08:00:00Z, not '" + value + "'");
    }
  }

  private static long number(String option, String value, long low, long high) {
    try {
      long n = Long.parseLong(value);
      if (n >= low && n <= high) {
        return n;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw wrong(option + " is a number from " + low + " to " + high + ", not '" + value + "'");
  }

  private static Properties load(String file) {
    Properties properties = new Properties();
    try (Reader in = Files.newBufferedReader(Path.of(file))) {
      properties.load(in);
    } catch (IOException | IllegalArgumentException e) {
      throw wrong("--client-properties " + file + " cannot be read: " + e.getMessage());
    }
    return properties;
  }

  private static IllegalArgumentException wrong(String what) {
    return new IllegalArgumentException(what + "\n" + USAGE);
  }
}
