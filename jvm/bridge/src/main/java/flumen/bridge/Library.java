package flumen.bridge;

import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/**
 * Finds and loads the native library, once in a JVM, and says in words why it cannot.
 *
 * <p>Order: {@code -Dflumen.library}, {@code FLUMEN_LIBRARY}, beside the jar.
 */
final class Library {
  static final String NAME = "libflumen_bridge.so";
  private static final System.Logger LOG = System.getLogger("flumen.bridge");
  private static boolean loaded;
  private static BridgeException failed;

  private Library() {}

  /** Loads the library, or throws what went wrong at the first attempt. */
  static synchronized void load() {
    if (loaded) {
      return;
    }
    if (failed == null) {
      try {
        checkJvm(Runtime.version().feature(), System.getProperty("sun.arch.data.model"));
        checkLoader(Native.class.getClassLoader());
        Path path = find(System.getProperty("flumen.library"), System.getenv("FLUMEN_LIBRARY"));
        link(path);
        checkVersion(ownVersion(), Native.text(Native.version()), path);
        keepNotes();
        loaded = true;
        return;
      } catch (BridgeException e) {
        failed = e;
      }
    }
    throw new BridgeException(failed.code(), failed.getMessage(), failed);
  }

  static void checkJvm(int feature, String bits) {
    if (feature < 17 || "32".equals(bits)) {
      throw refused(
          "the bridge needs a JDK of 64 bits, 17 or newer; this is Java "
              + feature
              + (bits == null ? "" : " of " + bits + " bits")
              + ": set JAVA_HOME to a JDK 17");
    }
  }

  /**
   * Refuses loaders of user code: the library can belong to one loader only, so the next
   * submission of the same job would fail.
   */
  static void checkLoader(ClassLoader loader) {
    if ("off".equals(System.getProperty("flumen.loader.check"))) {
      return;
    }
    for (ClassLoader ok = ClassLoader.getSystemClassLoader(); ok != null; ok = ok.getParent()) {
      if (ok == loader) {
        return;
      }
    }
    if (loader != null) {
      throw refused(
          "flumen-bridge was loaded by "
              + loader.getClass().getName()
              + ", a class loader of user code. Its native library can be loaded once in a JVM:"
              + " put flumen-bridge.jar and "
              + NAME
              + " into Flink's lib/ (flumen bridge install FLINK_LIB), keep it out of the job's"
              + " jar (scope provided), and set classloader.parent-first-patterns.additional:"
              + " flumen.bridge.");
    }
  }

  static Path find(String property, String environment) {
    List<String> tried = new ArrayList<>();
    if (property != null && !property.isBlank()) {
      return existing(property, "-Dflumen.library", tried);
    }
    if (environment != null && !environment.isBlank()) {
      return existing(environment, "FLUMEN_LIBRARY", tried);
    }
    Path beside = besideJar();
    if (beside != null) {
      return existing(beside.toString(), "beside the jar", tried);
    }
    throw missing(tried);
  }

  private static Path existing(String text, String from, List<String> tried) {
    Path path = Path.of(text).toAbsolutePath().normalize();
    if (Files.isRegularFile(path)) {
      return path;
    }
    tried.add(path + " (" + from + ")");
    throw missing(tried);
  }

  private static BridgeException missing(List<String> tried) {
    return new BridgeException(
        BridgeException.Code.NOT_FOUND,
        "the native library is not there: "
            + (tried.isEmpty() ? "no place to look at" : String.join(", ", tried))
            + ". Give its path by -Dflumen.library=/path/"
            + NAME
            + " or FLUMEN_LIBRARY, or lay it beside the jar (flumen bridge install FLINK_LIB)");
  }

  private static Path besideJar() {
    try {
      CodeSource source = Library.class.getProtectionDomain().getCodeSource();
      if (source == null || source.getLocation() == null) {
        return null;
      }
      Path jar = Path.of(source.getLocation().toURI());
      return jar.resolveSibling(NAME);
    } catch (URISyntaxException | IllegalArgumentException | SecurityException e) {
      return null;
    }
  }

  private static void link(Path path) {
    try {
      Native.load(path.toString());
    } catch (UnsatisfiedLinkError e) {
      throw new BridgeException(
          BridgeException.Code.UNSUPPORTED, explain(String.valueOf(e.getMessage()), path), e);
    }
  }

  /** What the linker's message means for a person. */
  static String explain(String message, Path path) {
    String what;
    if (message.contains("already loaded in another classloader")) {
      what =
          "it is loaded by another class loader of this JVM: flumen-bridge.jar must be in Flink's"
              + " lib/ and not in a job's jar";
    } else if (message.contains("libav") || message.contains("libsw")) {
      what =
          "FFmpeg's libraries are missing on this machine: install them (Debian 12:"
              + " apt-get install libavformat59 libavcodec59 libswscale6)";
    } else if (message.contains("GLIBC") || message.contains("GLIBCXX")) {
      what = "it was built for a newer system than this one: build it here, cargo build -p flumen-bridge";
    } else if (message.contains("wrong ELF class")
        || message.contains("invalid ELF header")
        || message.contains("file too short")
        || message.contains("cannot open shared object file: Exec")) {
      what = "the file is not a library for this machine (" + System.getProperty("os.arch") + ")";
    } else if (message.contains("cannot open shared object file")) {
      what = "a library that it needs is missing on this machine; ldd " + path + " names it";
    } else {
      what = "the linker refuses it";
    }
    return "the native library " + path + " can't be loaded: " + what + " (" + message + ")";
  }

  static String ownVersion() {
    Properties properties = new Properties();
    try (InputStream in = Library.class.getResourceAsStream("version.properties")) {
      if (in != null) {
        properties.load(in);
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "version.properties can't be read", e);
    }
    return properties.getProperty("version", "unknown");
  }

  static void checkVersion(String jar, String library, Path path) {
    if (!jar.equals(library)) {
      throw refused(
          "flumen-bridge.jar has version "
              + jar
              + " and the native library "
              + path
              + " has "
              + library
              + ": take both from one release (flumen bridge install FLINK_LIB)");
    }
  }

  private static void keepNotes() {
    String fallback = Path.of(System.getProperty("java.io.tmpdir", "/tmp"), "flumen-notes").toString();
    String dir = System.getProperty("flumen.notes", fallback);
    if (dir.equals("off")) {
      return;
    }
    try {
      Native.check(Native.keepNotes(dir.getBytes(StandardCharsets.UTF_8)));
    } catch (BridgeException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "no crash notes are kept, a unit that crashes the decoder will be fed again: {0}; give a"
              + " directory by -Dflumen.notes=DIR",
          e.getMessage());
    }
  }

  private static BridgeException refused(String message) {
    return new BridgeException(BridgeException.Code.UNSUPPORTED, message);
  }
}
