using Npgsql;

namespace SyncFlow.Storage.Sessions;

/// <summary>Short ways to say parameters.</summary>
internal static class Sql
{
    /// <summary>A parameter whose database type follows from <typeparamref name="T"/>.</summary>
    public static NpgsqlParameter P<T>(T value) => value is null
        ? new NpgsqlParameter { Value = DBNull.Value, DataTypeName = TypeName<T>() }
        : new NpgsqlParameter<T> { TypedValue = value };

    /// <summary>One column of many rows, for <c>UNNEST</c>.</summary>
    public static NpgsqlParameter Column<TRow, T>(IReadOnlyList<TRow> rows, Func<TRow, T> pick)
    {
        var values = new T[rows.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = pick(rows[i]);
        }

        return new NpgsqlParameter<T[]> { TypedValue = values };
    }

    private static string TypeName<T>() => typeof(T) switch
    {
        var t when t == typeof(string) => "text",
        var t when t == typeof(long?) => "bigint",
        var t when t == typeof(int?) => "integer",
        var t when t == typeof(short?) => "smallint",
        var t when t == typeof(bool?) => "boolean",
        var t when t == typeof(decimal?) => "numeric",
        var t when t == typeof(double?) => "double precision",
        var t when t == typeof(DateTimeOffset?) => "timestamp with time zone",
        var t when t == typeof(DateOnly?) => "date",
        var t when t == typeof(byte[]) => "bytea",
        var t => throw new ArgumentException($"No database type is known for a null of {t}."),
    };
}

/// <summary>Short ways to read columns.</summary>
internal static class ReaderExtensions
{
    public static T? Nullable<T>(this NpgsqlDataReader reader, int ordinal)
        where T : struct =>
        reader.IsDBNull(ordinal) ? null : reader.GetFieldValue<T>(ordinal);

    public static string? Text(this NpgsqlDataReader reader, int ordinal) =>
        reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);

    public static byte[]? Bytes(this NpgsqlDataReader reader, int ordinal) =>
        reader.IsDBNull(ordinal) ? null : reader.GetFieldValue<byte[]>(ordinal);

    public static DateTimeOffset Moment(this NpgsqlDataReader reader, int ordinal) =>
        reader.GetFieldValue<DateTimeOffset>(ordinal);
}
