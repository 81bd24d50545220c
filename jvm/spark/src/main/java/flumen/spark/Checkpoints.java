package flumen.spark;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** The name that Spark gives a checkpoint when it makes it. */
final class Checkpoints {
  private static final Pattern ID = Pattern.compile("\"id\"\\s*:\\s*\"([^\"]+)\"");

  private Checkpoints() {}

  static String id(Path checkpoint, Configuration hadoop) throws IOException {
    Path path = new Path(checkpoint, "metadata");
    try (var in = path.getFileSystem(hadoop).open(path)) {
      Matcher id = ID.matcher(new String(in.readAllBytes(), StandardCharsets.UTF_8));
      if (!id.find()) {
        throw new IllegalStateException(path + " holds no id: the checkpoint is damaged");
      }
      return id.group(1);
    }
  }
}
