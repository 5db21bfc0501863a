namespace SyncFlow.Core.Sources;

/// <summary>What is wrong with a cell of a file.</summary>
public sealed record FileError(int Line, string Column, string Message);

/// <summary>A sound row.</summary>
/// <param name="Line">Where it begins in the file.</param>
public sealed record FileRow(int Line, SourceEvent Event);
