namespace SyncFlow.Channels.Csv;

/// <summary>A file is refused whole.</summary>
/// <param name="fields">What is wrong: <c>file</c>, <c>header</c> or a line, and why.</param>
public sealed class CsvRefusedException(IReadOnlyDictionary<string, string[]> fields) : Exception(fields.First().Value[0])
{
    /// <summary>What is wrong, by place.</summary>
    public IReadOnlyDictionary<string, string[]> Fields { get; } = fields;
}
