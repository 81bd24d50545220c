package flumen.flink;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.apache.flink.connector.base.DeliveryGuarantee;

/**
 * The job's arguments. {@code parallelism} 0 is Flink's own default; {@code client} goes to every Kafka client
 * (security and the like).
 */
record Settings(
    String brokers,
    DeliveryGuarantee delivery,
    String group,
    int parallelism,
    long checkpointMs,
    int transactionTimeoutMs,
    Properties client) {

  static final String USAGE =
      """
      flumen.flink.Job --brokers HOST:PORT[,HOST:PORT...]
        --delivery at-least-once|exactly-once   default at-least-once: results at once, repeats after a failure
        --group NAME                            consumer group and prefix of transactions; default flumen-analysis
        --parallelism N                         default: what Flink gives
        --checkpoint-interval-ms N              default 10000, with exactly-once 1000
        --transaction-timeout-ms N              default 600000; the brokers allow 900000
        --client-properties FILE                settings of Kafka's clients, for TLS and SASL
      """;

  /** A record of up to 16 MiB and what stands around it. */
  private static final String LIMIT = String.valueOf(17 << 20);

  static Settings parse(String[] args) {
    String brokers = null;
    String group = "flumen-analysis";
    DeliveryGuarantee delivery = DeliveryGuarantee.AT_LEAST_ONCE;
    int parallelism = 0;
    long checkpoint = 0;
    int timeout = 600_000;
    Properties client = new Properties();
    for (int i = 0; i < args.length; i += 2) {
      if (i + 1 == args.length) {
        throw wrong(args[i] + " needs a value");
      }
      String value = args[i + 1];
      switch (args[i]) {
        case "--brokers" -> brokers = value;
        case "--delivery" -> delivery = delivery(value);
        case "--group" -> group = value;
        case "--parallelism" -> parallelism = (int) number(args[i], value, 1, 1024);
        case "--checkpoint-interval-ms" -> checkpoint = number(args[i], value, 100, 3_600_000);
        case "--transaction-timeout-ms" -> timeout = (int) number(args[i], value, 10_000, 86_400_000);
        case "--client-properties" -> client = load(value);
        default -> throw wrong("unknown argument " + args[i]);
      }
    }
    if (brokers == null || brokers.isBlank()) {
      throw wrong("--brokers is missing");
    }
    if (checkpoint == 0) {
      checkpoint = delivery == DeliveryGuarantee.EXACTLY_ONCE ? 1_000 : 10_000;
    }
    return new Settings(brokers, delivery, group, parallelism, checkpoint, timeout, client);
  }

  private static DeliveryGuarantee delivery(String value) {
    return switch (value) {
      case "at-least-once" -> DeliveryGuarantee.AT_LEAST_ONCE;
      case "exactly-once" -> DeliveryGuarantee.EXACTLY_ONCE;
      default -> throw wrong("--delivery is at-least-once or exactly-once, not '" + value + "'");
    };
  }

  private static long number(String name, String value, long low, long high) {
    try {
      long n = Long.parseLong(value);
      if (n >= low && n <= high) {
        return n;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw wrong(name + " is a number from " + low + " to " + high + ", not '" + value + "'");
  }

  private static Properties load(String file) {
    Properties loaded = new Properties();
    try (Reader reader = Files.newBufferedReader(Path.of(file))) {
      loaded.load(reader);
    } catch (IOException e) {
      throw wrong("--client-properties " + file + " can't be read: " + e.getMessage());
    }
    return loaded;
  }

  private static IllegalArgumentException wrong(String what) {
    return new IllegalArgumentException(what + "\n\n" + USAGE);
  }

  /** For a consumer: whole records, no waiting for more, bounded memory. */
  Properties consumer() {
    Properties p = base();
    p.setProperty("max.partition.fetch.bytes", LIMIT);
    p.setProperty("fetch.max.bytes", LIMIT);
    p.setProperty("fetch.max.wait.ms", "10");
    p.setProperty("max.poll.records", "100");
    p.setProperty("isolation.level", "read_committed");
    p.setProperty("allow.auto.create.topics", "false");
    return p;
  }

  Properties producer() {
    Properties p = base();
    p.setProperty("max.request.size", LIMIT);
    p.setProperty("buffer.memory", String.valueOf(48 << 20));
    p.setProperty("linger.ms", "0");
    p.setProperty("compression.type", "none");
    p.setProperty("acks", "all");
    p.setProperty("enable.idempotence", "true");
    // Above the brokers' 15 minutes the first transaction fails, for ever; too short, a long outage loses one.
    p.setProperty("transaction.timeout.ms", String.valueOf(transactionTimeoutMs));
    return p;
  }

  private Properties base() {
    Properties p = new Properties();
    p.putAll(client);
    p.setProperty("bootstrap.servers", brokers);
    // A broker that is away is tried again soon, not for ever sooner.
    p.setProperty("reconnect.backoff.max.ms", "1000");
    return p;
  }
}
