namespace SyncFlow.AppHost.Servers;

/// <summary>
/// The operating system account PostgreSQL runs under. PostgreSQL refuses to run as root, so root hands it to the
/// package's own user <c>postgres</c>; everyone else runs it as themselves.
/// </summary>
internal sealed class ServerAccount
{
    private const string UnprivilegedUser = "postgres";

    private readonly string[] prefix;

    private ServerAccount(bool isOther, string[] prefix)
    {
        IsOther = isOther;
        this.prefix = prefix;
    }

    /// <summary>True when the server runs under another account than ours.</summary>
    public bool IsOther { get; }

    /// <summary>The account to use on this machine.</summary>
    /// <exception cref="ServerNotFoundException">We are root and there is no user to hand the server to.</exception>
    public static ServerAccount Choose()
    {
        if (OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess)
        {
            return new ServerAccount(isOther: false, []);
        }

        if (Commands.Run("id", ["-u", UnprivilegedUser]).ExitCode != 0)
        {
            throw new ServerNotFoundException(
                "PostgreSQL refuses to run as root and this machine has no user 'postgres' to run it as. Create one "
                + "('useradd --system postgres'), start SyncFlow as an ordinary user, or set "
                + $"{EnvironmentContract.Postgres} to the connection string of a running server.");
        }

        // setpriv replaces itself by the program, so the process we hold is the server itself; su stays in between.
        if (ServerLocator.Tool("setpriv") is { } setpriv)
        {
            return new ServerAccount(true, [setpriv, "--reuid", UnprivilegedUser, "--regid", UnprivilegedUser, "--init-groups", "--"]);
        }

        return ServerLocator.Tool("runuser") is { } runuser
            ? new ServerAccount(true, [runuser, "-u", UnprivilegedUser, "--"])
            : new ServerAccount(true, ["su", UnprivilegedUser, "-s", "/bin/sh", "-c", "exec \"$0\" \"$@\"", "--"]);
    }

    /// <summary>The command line that runs <paramref name="command"/> under this account.</summary>
    public string[] CommandLine(params string[] command) => [.. prefix, .. command];

    /// <summary>Runs a short command under this account.</summary>
    public CommandResult Run(params string[] command)
    {
        var line = CommandLine(command);
        return Commands.Run(line[0], line[1..], IsOther ? "/" : null);
    }

    /// <summary>Runs a short command under this account that must succeed.</summary>
    public string Require(params string[] command)
    {
        var line = CommandLine(command);
        return Commands.Require(line[0], line[1..], IsOther ? "/" : null);
    }

    /// <summary>Whether this account can pass through a folder and all of its parents.</summary>
    public bool CanReach(string folder)
    {
        return !IsOther || Run("/bin/sh", "-c", "cd \"$0\"", folder).ExitCode == 0;
    }

    /// <summary>Makes this account the owner of a folder and all that is in it; nobody else may look inside.</summary>
    public void TakeOver(string folder)
    {
        if (IsOther)
        {
            Commands.Require("chown", ["-R", UnprivilegedUser + ":", folder]);
        }

        if (!OperatingSystem.IsWindows())
        {
            Commands.Require("chmod", ["700", folder]);
        }
    }
}
