package flumen.bridge;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Records of a farm clip and what native code answered to each when Rust wrote the file. */
record Golden(byte[] header, byte[] value, byte[] answer) {
  static List<Golden> load() throws IOException {
    try (InputStream in = Golden.class.getResourceAsStream("/street.golden")) {
      ByteBuffer from = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
      for (int models = from.getInt(); models > 0; models--) {
        blob(from);
        blob(from);
      }
      int count = from.getInt();
      List<Golden> all = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        all.add(new Golden(blob(from), blob(from), blob(from)));
      }
      return all;
    }
  }

  /** The table of models that the answers were made with. */
  static Models models() throws IOException {
    Models models = Models.open();
    try (InputStream in = Golden.class.getResourceAsStream("/street.golden")) {
      ByteBuffer from = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
      int count = from.getInt();
      for (int i = 0; i < count; i++) {
        List<Output> told = models.put(blob(from), i, blob(from), 7);
        if (told.size() != (i + 1 == count ? 1 : 0)) {
          throw new IllegalStateException("the last card alone is refused");
        }
      }
    }
    return models;
  }

  private static byte[] blob(ByteBuffer from) {
    byte[] bytes = new byte[from.getInt()];
    from.get(bytes);
    return bytes;
  }

  /** Sensitivity 60, version 4, main stream: as in tests/golden.rs. */
  static byte[] card() {
    return new byte[] {
      0x0a, 4, 'y', 'a', 'r', 'd', // id
      0x18, 1, // enabled
      0x22, 4, 0x2a, 2, 0x10, 1, // a source with the role "analyse"
      0x2a, 2, 0x18, 60, // policy
      0x40, 4, // version
    };
  }

  /** A list of outputs in the form of an answer. */
  static byte[] answer(List<Output> outputs) {
    int size = 1;
    for (Output o : outputs) {
      size += 18 + o.topic().length() + o.key().length + o.value().length;
    }
    ByteBuffer to = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    to.put((byte) 0);
    for (Output o : outputs) {
      byte[] topic = o.topic().getBytes(java.nio.charset.StandardCharsets.UTF_8);
      to.putShort((short) topic.length).put(topic);
      to.putInt(o.key().length).put(o.key()).putLong(o.timestampUs());
      to.putInt(o.value().length).put(o.value());
    }
    return to.array();
  }
}
