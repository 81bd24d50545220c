package flumen.bridge;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** The same records as {@code examples/cost.rs}, through the bridge: prints CPU time a pass. */
public final class Cost {
  private Cost() {}

  /** Arguments: the file and the number of passes. */
  public static void main(String[] args) throws IOException {
    ByteBuffer from = ByteBuffer.wrap(Files.readAllBytes(Path.of(args[0])));
    from.order(ByteOrder.LITTLE_ENDIAN);
    byte[][][] records = new byte[from.getInt()][][];
    for (int i = 0; i < records.length; i++) {
      records[i] = new byte[][] {blob(from), blob(from)};
      blob(from);
    }
    pass(records);
    for (int i = 0; i < Integer.parseInt(args[1]); i++) {
      double before = cpu();
      int made = pass(records);
      System.out.printf(
          "java %.2f s CPU, %d records -> %d%n", cpu() - before, records.length, made);
    }
  }

  private static int pass(byte[][][] records) {
    int made = 0;
    try (Analyzer analyzer = Analyzer.open("yard", null)) {
      for (int i = 0; i < records.length; i++) {
        made += analyzer.process(0, i, records[i][0], records[i][1]).size();
      }
    }
    return made;
  }

  private static byte[] blob(ByteBuffer from) {
    byte[] bytes = new byte[from.getInt()];
    from.get(bytes);
    return bytes;
  }

  /** CPU seconds of this process, JIT and collector included. */
  private static double cpu() throws IOException {
    String stat = Files.readString(Path.of("/proc/self/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return (Double.parseDouble(fields[11]) + Double.parseDouble(fields[12])) / 100;
  }
}
