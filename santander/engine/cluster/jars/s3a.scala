package santander

import java.io.{BufferedReader, InputStreamReader}
import java.lang.{Boolean => JavaBoolean}
import java.nio.charset.StandardCharsets.UTF_8
import java.nio.file.FileAlreadyExistsException
import java.util.{Iterator => JavaIterator}

import io.delta.storage.S3SingleDriverLogStore
import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs.{FileSystem, Path}
import org.apache.hadoop.fs.Options.CreateFileOptionKeys.FS_OPTION_CREATE_CONDITIONAL_OVERWRITE
import org.apache.hadoop.fs.s3a.{AWSServiceIOException, RemoteFileChangedException}

/** Commits of Delta tables in a bucket: an entry of the log is created once, by whichever driver is first.
  *
  * Delta's own store for s3a looks whether the entry is there and then puts it, so two drivers that look at the same time
  * both put, and the first commit is gone without a word. Here the put itself is conditional (If-None-Match: *). The loser
  * is told that the file exists, which is what makes Delta look for conflicts and try again (docs/adr/0008).
  */
class S3ConditionalLogStore(initial: Configuration) extends S3SingleDriverLogStore(initial) {

  override def write(path: Path, actions: JavaIterator[String], overwrite: JavaBoolean, conf: Configuration): Unit =
    if (overwrite) super.write(path, actions, overwrite, conf)
    else {
      val text = new StringBuilder
      actions.forEachRemaining(action => text.append(action).append('\n'))
      createOnce(path.getFileSystem(conf), path, text.toString, S3ConditionalLogStore.Attempts)
    }

  private def createOnce(fs: FileSystem, path: Path, text: String, attempts: Int): Unit =
    try {
      val out = fs.createFile(path).create().must(FS_OPTION_CREATE_CONDITIONAL_OVERWRITE, true).build()
      try out.write(text.getBytes(UTF_8))
      finally out.close()
    } catch {
      // a put whose answer was lost is sent again and meets itself; an entry names its transaction, so equal text is ours
      case _: RemoteFileChangedException => if (contentOf(fs, path) != text) throw new FileAlreadyExistsException(path.toString)
      // another put of the entry is under way, and may yet fail
      case busy: AWSServiceIOException if busy.statusCode == 409 && attempts > 1 =>
        Thread.sleep(S3ConditionalLogStore.PauseMillis)
        createOnce(fs, path, text, attempts - 1)
    }

  private def contentOf(fs: FileSystem, path: Path): String = {
    val reader = new BufferedReader(new InputStreamReader(fs.open(path), UTF_8))
    try reader.lines.reduce("", (read: String, line: String) => read + line + "\n")
    finally reader.close()
  }
}

private object S3ConditionalLogStore {
  val Attempts = 5
  val PauseMillis = 200L
}
