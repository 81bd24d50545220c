package flumen.bridge;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A process of its own that feeds the clip, with a fault at one record, and tells what came. */
public final class Crash {
  private Crash() {}

  /** Arguments: "version", or the number of the record with the fault. */
  public static void main(String[] args) throws IOException {
    try {
      if (args[0].equals("version")) {
        System.out.println(Analyzer.version());
        return;
      }
      int faulty = Integer.parseInt(args[0]);
      List<Golden> clip = Golden.load();
      try (Analyzer analyzer = Analyzer.open("yard", Golden.card())) {
        for (int i = 0; i < clip.size(); i++) {
          Golden g = clip.get(i);
          byte[] value = i == faulty ? Planted.with(g.value(), "abort") : g.value();
          for (Output o : analyzer.process(0, i, g.header(), value)) {
            System.out.println(i + " " + o.topic() + " " + new String(o.key(), StandardCharsets.UTF_8));
          }
        }
      }
    } catch (BridgeException e) {
      System.err.println(e.getMessage());
      System.exit(3);
    }
  }

  /** How a process ended and what it said. */
  record Ended(int code, List<String> out, String err) {}

  /** Runs a JVM with the class path of the tests; the last of `args` is for main. */
  static Ended run(Map<String, String> environment, String... args) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx128m", "-XX:-CreateCoredumpOnCrash", "-XX:ErrorFile=/dev/null"));
    command.addAll(Arrays.asList(args).subList(0, args.length - 1));
    String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    command.addAll(List.of("-cp", path, Crash.class.getName(), args[args.length - 1]));
    Path out = Files.createTempFile("flumen", ".out");
    Path err = Files.createTempFile("flumen", ".err");
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    builder.directory(out.getParent().toFile());
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    int code = process.waitFor();
    Ended ended = new Ended(code, Files.readAllLines(out), Files.readString(err));
    Files.delete(out);
    Files.delete(err);
    return ended;
  }
}
