using SyncFlow.AppHost.Servers;

namespace SyncFlow.AppHost.Local;

/// <summary>
/// The folder <c>.syncflow</c>, where a local run keeps everything: the databases, the sandbox world, secrets, logs.
/// One run at a time holds its lock; the operating system lets go of it also when the holder is killed.
/// </summary>
internal sealed class DataFolder : IDisposable
{
    private const string LockName = "lock";

    /// <summary>Logs of earlier starts that are kept for each service.</summary>
    private const int KeptLogs = 4;

    private readonly FileStream heldLock;

    private DataFolder(string root, FileStream heldLock)
    {
        Root = root;
        this.heldLock = heldLock;
    }

    public string Root { get; }

    public string SecretsFile => Path.Combine(Root, "secrets.json");

    private string Logs => Path.Combine(Root, "logs");

    /// <summary>Takes the folder for this run.</summary>
    /// <exception cref="StartFailedException">Another run holds it, it is another user's, or it holds other things.</exception>
    public static DataFolder Open(string root)
    {
        // Cleaning empties the folder, so one that is not ours is never taken.
        if (Directory.Exists(root) && !File.Exists(Path.Combine(root, LockName)) && Directory.EnumerateFileSystemEntries(root).Any())
        {
            throw new StartFailedException($"{root} holds things that are not SyncFlow's. Name an empty folder.");
        }

        FileStream held;
        try
        {
            Directory.CreateDirectory(root);
            held = new FileStream(Path.Combine(root, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new StartFailedException($"Another run of SyncFlow uses {root}. Stop it first, or start from another checkout.");
        }
        catch (UnauthorizedAccessException)
        {
            throw new StartFailedException($"{root} belongs to another user. Run as that user, or remove it.");
        }

        var folder = new DataFolder(root, held);
        Directory.CreateDirectory(folder.Logs);
        return folder;
    }

    /// <summary>Deletes everything of earlier runs, except the lock that is held.</summary>
    public void Clean()
    {
        PostgresFolder.Discard(Root);
        foreach (var folder in Directory.EnumerateDirectories(Root))
        {
            Directory.Delete(folder, recursive: true);
        }

        foreach (var file in Directory.EnumerateFiles(Root).Where(file => Path.GetFileName(file) != LockName))
        {
            File.Delete(file);
        }

        Directory.CreateDirectory(Logs);
    }

    /// <summary>A folder inside this one; made when missing.</summary>
    public string Folder(string name) => Directory.CreateDirectory(Path.Combine(Root, name)).FullName;

    /// <summary>The log file for a process of this start. The one of the start before is kept under <c>name.1.log</c>, and so on.</summary>
    public string NewLog(string name)
    {
        string Numbered(int number) => Path.Combine(Logs, number == 0 ? $"{name}.log" : $"{name}.{number}.log");

        for (var number = KeptLogs; number > 0; number--)
        {
            if (File.Exists(Numbered(number - 1)))
            {
                File.Move(Numbered(number - 1), Numbered(number), overwrite: true);
            }
        }

        return Numbered(0);
    }

    public void Dispose() => heldLock.Dispose();
}
