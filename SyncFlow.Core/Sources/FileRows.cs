namespace SyncFlow.Core.Sources;

/// <summary>What is wrong with a cell of a file.</summary>
public sealed record FileError(int Line, string Column, string Message);

/// <summary>An event that a sound row tells.</summary>
/// <param name="Line">Its number among all events of the file, from 1.</param>
public sealed record FileRow(int Line, SourceEvent Event);

/// <summary>Part of a file that was read.</summary>
public sealed class FileChunk
{
    /// <summary>What its sound rows tell.</summary>
    public List<FileRow> Rows { get; } = [];

    /// <summary>Rows that cannot be read.</summary>
    public int Broken { get; set; }

    /// <summary>What is wrong with them.</summary>
    public List<FileError> Errors { get; } = [];
}
