using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Storage.Configuration;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Configuration;

public sealed class ModelTests(PostgresFixture postgres)
{
    private static readonly Dictionary<string, string> SameType = new()
    {
        ["character varying"] = "text",
        ["_text"] = "text[]",
        ["_int8"] = "bigint[]",
    };

    [Fact]
    public async Task Every_mapped_column_exists_with_the_models_type_and_nullability_and_none_is_left_out()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var schema = await ReadSchemaAsync(database);
        var options = new DbContextOptionsBuilder<SyncFlowDb>().UseNpgsql(database.ConnectionString).Options;
        await using var db = new SyncFlowDb(options, new TenantId(1));
        var tables = db.Model.GetEntityTypes().ToList();
        tables.Count.ShouldBe(12);
        tables.SelectMany(type => Differences(type, schema)).ShouldBeEmpty();
    }

    private static IEnumerable<string> Differences(IEntityType type, ILookup<string, Column> schema)
    {
        var table = type.GetTableName()!;
        var columns = schema[table].ToDictionary(c => c.Name);
        foreach (var property in type.GetProperties())
        {
            var name = property.GetColumnName();
            if (!columns.Remove(name, out var column))
            {
                yield return $"{table}.{name} does not exist";
                continue;
            }

            if (column.Type != property.GetColumnType())
            {
                yield return $"{table}.{name} is {column.Type}, the model says {property.GetColumnType()}";
            }

            if (column.Nullable != property.IsNullable)
            {
                yield return $"{table}.{name} nullable is {column.Nullable}, the model says {property.IsNullable}";
            }
        }

        foreach (var left in columns.Keys)
        {
            yield return $"{table}.{left} is not in the model";
        }
    }

    private static async Task<ILookup<string, Column>> ReadSchemaAsync(TestDatabase database)
    {
        await using var command = database.Admin.CreateCommand(
            "SELECT table_name, column_name, CASE data_type WHEN 'ARRAY' THEN udt_name ELSE data_type END, is_nullable = 'YES' FROM information_schema.columns WHERE table_schema = 'public'");
        await using var reader = await command.ExecuteReaderAsync();
        var columns = new List<(string Table, Column Column)>();
        while (await reader.ReadAsync())
        {
            var type = reader.GetString(2);
            columns.Add((reader.GetString(0), new Column(reader.GetString(1), SameType.GetValueOrDefault(type, type), reader.GetBoolean(3))));
        }

        return columns.ToLookup(c => c.Table, c => c.Column);
    }

    private sealed record Column(string Name, string Type, bool Nullable);
}
