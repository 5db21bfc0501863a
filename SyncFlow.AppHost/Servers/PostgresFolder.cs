using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SyncFlow.AppHost.Servers;

/// <summary>
/// The folder of one PostgreSQL of ours: <c>data</c>, the password of its login, its socket. It decides where that
/// folder can be, makes the database cluster once, and clears away what a killed server left.
/// </summary>
internal sealed class PostgresFolder
{
    /// <summary>The login that owns the server; it may become every role of the schema.</summary>
    public const string Login = "syncflow";

    /// <summary>Longest path of a Unix socket that every system takes (sun_path is 104 bytes on macOS, 108 on Linux).</summary>
    private const int LongestSocketPath = 103;

    private readonly string bin;

    private readonly ServerAccount account;

    private PostgresFolder(string root, string bin, ServerAccount account)
    {
        Root = root;
        this.bin = bin;
        this.account = account;
    }

    /// <summary>The folder that holds everything of this server.</summary>
    public string Root { get; }

    public string Data => Path.Combine(Root, "data");

    /// <summary>The folder for the Unix socket, or nothing where its path would be too long for the system.</summary>
    public string SocketFolder
    {
        get
        {
            var fits = Encoding.UTF8.GetByteCount(Path.Combine(Root, ".s.PGSQL.65535")) <= LongestSocketPath;
            return fits && !OperatingSystem.IsWindows() ? Root : "";
        }
    }

    private string PasswordFile => Path.Combine(Root, "password");

    private string PidFile => Path.Combine(Data, "postmaster.pid");

    /// <summary>
    /// The folder of the server that belongs to <paramref name="parent"/>: inside it, or, where the account that
    /// PostgreSQL needs cannot get there (a checkout in root's home), under <c>/var/lib</c> by a name made from the path.
    /// </summary>
    public static PostgresFolder In(string parent)
    {
        var account = ServerAccount.Choose();
        var bin = ServerLocator.PostgresBin();
        Directory.CreateDirectory(parent);
        var root = account.CanReach(parent) ? Path.Combine(parent, "postgres") : FallbackFor(parent);
        Directory.CreateDirectory(root);
        return new PostgresFolder(root, bin, account);
    }

    /// <summary>Where the data of <paramref name="parent"/> goes when PostgreSQL's account cannot reach that folder.</summary>
    public static string FallbackFor(string parent)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(parent)));
        return "/var/lib/syncflow-" + Convert.ToHexStringLower(hash.AsSpan(0, 6));
    }

    /// <summary>Deletes the data of <paramref name="parent"/>, wherever it is; a server that still runs on it is stopped.</summary>
    public static void Discard(string parent)
    {
        foreach (var root in new[] { Path.Combine(parent, "postgres"), FallbackFor(parent) }.Where(Directory.Exists))
        {
            var folder = new PostgresFolder(root, ServerLocator.PostgresBin(), ServerAccount.Choose());
            folder.ClearLeftovers();
            folder.Delete();
        }
    }

    /// <summary>Makes the cluster if there is none yet, and returns the login's password.</summary>
    public string Prepare()
    {
        if (!File.Exists(Path.Combine(Data, "PG_VERSION")))
        {
            Initialise();
        }

        return File.ReadAllText(PasswordFile).Trim();
    }

    /// <summary>
    /// Stops a server that an earlier, killed starter left on this folder, or removes the lock file of one that is
    /// gone. The caller holds the lock on the parent folder, so nobody else is using the server.
    /// </summary>
    public void ClearLeftovers()
    {
        if (!File.Exists(PidFile))
        {
            return;
        }

        // Asks by the pid file and checks that the process exists; 0 means that it runs.
        if (account.Run(Program("pg_ctl"), "status", "-D", Data).ExitCode == 0 && IsPostgres(ReadPid()))
        {
            Stop();
        }
        else
        {
            File.Delete(PidFile); // Its process is gone, or the number was given to another program meanwhile.
        }
    }

    /// <summary>Stops the server fast: sessions are cut, a checkpoint is written. Returns when it has ended.</summary>
    public void Stop()
    {
        account.Require(Program("pg_ctl"), "stop", "-D", Data, "-m", "fast", "-w", "-t", "60");
    }

    /// <summary>The command line that runs the server in the foreground on a loopback port.</summary>
    /// <param name="port">TCP port on 127.0.0.1.</param>
    /// <param name="durable">False trades crash safety for speed, for servers whose data is thrown away.</param>
    /// <param name="prefix">What the command line begins with, under the server's account.</param>
    /// <param name="more">Settings in place of the usual ones.</param>
    public string[] ServerCommand(int port, bool durable, IReadOnlyList<string> prefix, IReadOnlyList<string> more)
    {
        var durability = durable ? "on" : "off";
        string[] settings =
        [
            "listen_addresses=127.0.0.1",
            string.Create(CultureInfo.InvariantCulture, $"port={port}"),
            $"unix_socket_directories={SocketFolder}",
            "max_connections=200",
            "shared_buffers=256MB",
            "default_toast_compression=lz4",
            "wal_compression=lz4",
            "wal_level=logical", // Change data capture reads it.
            "max_wal_size=2GB",
            "checkpoint_timeout=15min",
            "password_encryption=scram-sha-256",
            "timezone=UTC",
            "log_timezone=UTC",
            "logging_collector=off",
            $"fsync={durability}",
            $"full_page_writes={durability}",
            $"synchronous_commit={durability}",
            .. more, // The last word counts.
        ];
        return account.CommandLine([.. prefix, Program("postgres"), "-D", Data, .. settings.SelectMany(setting => new[] { "-c", setting })]);
    }

    /// <summary>Removes the folder with all data. The server must be stopped.</summary>
    public void Delete()
    {
        if (Directory.Exists(Root))
        {
            Directory.Delete(Root, recursive: true);
        }
    }

    private void Initialise()
    {
        Delete(); // A first start that was interrupted leaves half a cluster, which initdb refuses.
        Directory.CreateDirectory(Root);
        File.WriteAllText(PasswordFile, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        account.TakeOver(Root);
        var locale = OperatingSystem.IsLinux() ? "C.UTF-8" : "C"; // C.UTF-8 is glibc's; elsewhere C orders bytes too.
        account.Require(
            Program("initdb"), "-D", Data, "-U", Login, "--encoding=UTF8", "--locale=" + locale, "--no-sync",
            "--auth=scram-sha-256", "--pwfile=" + PasswordFile);
    }

    private int ReadPid()
    {
        var first = File.ReadLines(PidFile).FirstOrDefault() ?? "";
        return int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0;
    }

    /// <summary>After a restart of the machine the number in a stale file may belong to any program.</summary>
    private static bool IsPostgres(int pid)
    {
        var name = OperatingSystem.IsLinux() && File.Exists($"/proc/{pid}/comm")
            ? File.ReadAllText($"/proc/{pid}/comm")
            : "postgres";
        return name.StartsWith("postgres", StringComparison.Ordinal);
    }

    private string Program(string name) => Path.Combine(bin, OperatingSystem.IsWindows() ? name + ".exe" : name);
}
