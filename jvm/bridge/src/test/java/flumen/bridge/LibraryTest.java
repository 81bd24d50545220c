package flumen.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import flumen.bridge.BridgeException.Code;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every way in which the library can be missing or wrong is told in words. */
class LibraryTest {
  @TempDir Path dir;

  @Test
  void versionsAgree() {
    assertEquals(Library.ownVersion(), Analyzer.version());
    BridgeException e =
        assertThrows(
            BridgeException.class,
            () -> Library.checkVersion("0.1.0", "0.2.0", Path.of("/x/libflumen_bridge.so")));
    assertEquals(Code.UNSUPPORTED, e.code());
    assertTrue(e.getMessage().contains("0.1.0") && e.getMessage().contains("0.2.0"));
  }

  @Test
  void aLibraryThatIsNotThere() {
    Path missing = dir.resolve("none.so");
    BridgeException e =
        assertThrows(BridgeException.class, () -> Library.find(missing.toString(), null));
    assertEquals(Code.NOT_FOUND, e.code());
    assertTrue(e.getMessage().contains(missing + " (-Dflumen.library)"), e.getMessage());
    e = assertThrows(BridgeException.class, () -> Library.find(null, missing.toString()));
    assertTrue(e.getMessage().contains("FLUMEN_LIBRARY"), e.getMessage());
    e = assertThrows(BridgeException.class, () -> Library.find("", ""));
    assertTrue(e.getMessage().contains("beside the jar"), e.getMessage());
  }

  @Test
  void whatTheLinkerSaysIsExplained() {
    Path path = Path.of("/lib/x.so");
    Map<String, String> cases =
        Map.of(
            "libavcodec.so.59: cannot open shared object file: No such file or directory", "FFmpeg",
            "/lib/x.so: version `GLIBC_2.38' not found", "newer system",
            "/lib/x.so: invalid ELF header", "not a library for this machine",
            "libfoo.so.1: cannot open shared object file: No such file or directory", "ldd",
            "Native Library /lib/x.so already loaded in another classloader", "job's jar");
    cases.forEach(
        (said, meant) -> {
          String text = Library.explain(said, path);
          assertTrue(text.contains(meant) && text.contains(said), text);
        });
  }

  @Test
  void anotherJvm() {
    Library.checkJvm(17, "64");
    Library.checkJvm(25, null);
    for (Runnable wrong :
        List.<Runnable>of(() -> Library.checkJvm(11, "64"), () -> Library.checkJvm(17, "32"))) {
      BridgeException e = assertThrows(BridgeException.class, wrong::run);
      assertTrue(e.getMessage().contains("JDK 17"), e.getMessage());
    }
  }

  /** What the class says when user code brings it along, as a job's jar would. */
  private String inUserCode() throws Exception {
    URL classes = Analyzer.class.getProtectionDomain().getCodeSource().getLocation();
    ClassLoader parent = ClassLoader.getPlatformClassLoader();
    try (URLClassLoader user = new URLClassLoader(new URL[] {classes}, parent)) {
      Class<?> analyzer = user.loadClass("flumen.bridge.Analyzer");
      InvocationTargetException e =
          assertThrows(
              InvocationTargetException.class, () -> analyzer.getMethod("version").invoke(null));
      assertEquals("flumen.bridge.BridgeException", e.getCause().getClass().getName());
      return e.getCause().getMessage();
    }
  }

  @Test
  void aLoaderOfUserCodeIsRefused() throws Exception {
    Analyzer.version();
    String said = inUserCode();
    assertTrue(said.contains("lib/") && said.contains("URLClassLoader"), said);
    System.setProperty("flumen.loader.check", "off");
    try {
      said = inUserCode();
      assertTrue(said.contains("another class loader of this JVM"), said);
    } finally {
      System.clearProperty("flumen.loader.check");
    }
  }

  @Test
  void aFileThatIsNoLibrary() throws Exception {
    Path file = Files.writeString(dir.resolve("libflumen_bridge.so"), "not a library");
    String said = Crash.run(Map.of(), "-Dflumen.library=" + file, "version").err();
    assertTrue(said.contains("not a library for this machine"), said);
  }
}
