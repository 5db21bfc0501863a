namespace SyncFlow.ServiceDefaults.Secrets;

/// <summary>Where master keys come from. Read once, when a process starts; a new key is known after a restart.</summary>
public interface IMasterKeySource
{
    /// <summary>Reads the keys.</summary>
    /// <exception cref="ArgumentException">What was found are no keys.</exception>
    /// <exception cref="InvalidOperationException">They cannot be had. The message never holds a key.</exception>
    MasterKeys Read();
}

/// <summary>Keys given as a text, by the environment variable <see cref="EnvironmentContract.SecretsKey"/>.</summary>
/// <param name="text">As <see cref="MasterKeys.Parse"/> takes it.</param>
public sealed class GivenKeys(string text) : IMasterKeySource
{
    /// <inheritdoc/>
    public MasterKeys Read() => MasterKeys.Parse(text);
}

/// <summary>Keys in a file (<see cref="EnvironmentContract.SecretsKeyFile"/>) that nobody but its owner may read.</summary>
/// <param name="path">The file; its text is as <see cref="MasterKeys.Parse"/> takes it.</param>
public sealed class FileKeys(string path) : IMasterKeySource
{
    private const UnixFileMode OfOthers =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <inheritdoc/>
    public MasterKeys Read()
    {
        if (!File.Exists(path))
        {
            throw new InvalidOperationException($"The file of secrets keys, {path}, does not exist.");
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & OfOthers) != 0)
        {
            throw new InvalidOperationException($"The file of secrets keys, {path}, can be read by others than its owner. Run: chmod 600 {path}");
        }

        return MasterKeys.Parse(File.ReadAllText(path));
    }
}
