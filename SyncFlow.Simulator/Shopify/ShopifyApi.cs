using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using SyncFlow.Simulator.GraphQl;
using SyncFlow.Simulator.Shopify.Resolvers;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify;

/// <summary>The Admin GraphQL API of all shops, apart from HTTP: a request in, an answer out.</summary>
internal sealed class ShopifyApi
{
    /// <summary>Dearest single query Shopify runs, in points.</summary>
    internal const int MaxQueryCost = 1_000;

    private const int MaxCachedDocuments = 512;

    private readonly World _world;
    private readonly BulkRunner _bulk;
    private readonly ConcurrentDictionary<string, Prepared> _documents = new(StringComparer.Ordinal);

    internal ShopifyApi(World world, TimeSpan bulkDuration)
    {
        _world = world;
        Schema = LoadSchema();
        _bulk = new BulkRunner(world, Schema, bulkDuration);
    }

    internal Schema Schema { get; }

    /// <summary>What a request came to: the JSON answer, and the work it left to be done.</summary>
    internal sealed record Answer(ReadOnlyMemory<byte> Json, bool IsMutation, Task? Background);

    /// <summary>What a request asks for, checked and priced but not run.</summary>
    internal sealed record Plan(
        Document Document, OperationNode Operation, IReadOnlyDictionary<string, object?> Variables, int Cost)
    {
        internal bool IsMutation => Operation.Kind == "mutation";

        /// <summary>Keys of the idempotent fields, each with the hash of what it runs.</summary>
        internal required IReadOnlyList<(string Key, string Hash)> IdempotentFields { get; init; }
    }

    internal static Schema LoadSchema()
    {
        using var stream = typeof(ShopifyApi).Assembly.GetManifestResourceStream("admin-2026-10.graphql")!;
        using var reader = new StreamReader(stream);
        var schema = SchemaReader.Read(reader.ReadToEnd());
        CatalogResolvers.Bind(schema);
        InventoryResolvers.Bind(schema);
        OrderResolvers.Bind(schema);
        QueryResolvers.Bind(schema);
        InventoryMutations.Bind(schema);
        WebhookResolvers.Bind(schema);
        BulkResolvers.Bind(schema);
        OrderMutations.Bind(schema);
        AppResolvers.Bind(schema);
        BillingResolvers.Bind(schema);
        return schema;
    }

    /// <summary>Parses, validates and prices a request; errors come back as the finished answer.</summary>
    internal (Plan? Plan, ReadOnlyMemory<byte> Refusal) Prepare(
        Shop shop, string query, JsonElement? variables, string? operationName)
    {
        try
        {
            var prepared = Document(query);
            var operation = prepared.Document.Operations.FirstOrDefault(o => operationName is null || o.Name == operationName)
                ?? throw new GraphQlException(new GraphQlError($"No operation named \"{operationName}\""));
            if (operationName is null && prepared.Document.Operations.Count > 1)
            {
                throw new GraphQlException(new GraphQlError("An operation name is required"));
            }

            var errors = prepared.Errors.GetOrAdd(operation, o => Validator.Validate(Schema, prepared.Document, o));
            if (errors.Count > 0)
            {
                return (null, Write(null, errors, null, null));
            }

            var values = Variables.Coerce(Schema, operation, variables);
            var cost = new CostModel(Schema, prepared.Document, values).Requested(operation);
            if (cost > MaxQueryCost)
            {
                return (null, Write(null, [TooDear(cost)], null, null));
            }

            Scopes.Demand(shop, operation);
            var plan = new Plan(prepared.Document, operation, values, cost)
            {
                IdempotentFields = operation.Kind == "mutation" ? Idempotent(operation, values) : [],
            };
            return (plan, default);
        }
        catch (GraphQlException refusal)
        {
            return (null, Write(null, [refusal.Error], null, null));
        }
    }

    /// <summary>Takes the cost from the shop's bucket; null when there was enough, else the THROTTLED answer.</summary>
    internal ReadOnlyMemory<byte>? Throttle(Shop shop, Plan plan)
    {
        lock (shop.Gate)
        {
            var now = _world.Clock.GetUtcNow();
            if (!shop.Faults.ThrottleStorm && shop.Bucket.TryTake(plan.Cost, now))
            {
                return null;
            }

            _world.Stats.Count("throttled");
            var error = new GraphQlError("Throttled", Extensions: GraphQlException.Extensions(
                "THROTTLED", ("documentation", "https://shopify.dev/api/usage/rate-limits")));
            return Write(null, [error], Cost(shop, plan.Cost, null, now), null);
        }
    }

    /// <summary>Runs a plan under the shop's gate and commits what it changed.</summary>
    internal Answer Run(Shop shop, Plan plan, string apiVersion, string publicAddress, HashSet<string> claimed, bool dropSets)
    {
        lock (shop.Gate)
        {
            var now = _world.Clock.GetUtcNow();
            var context = new RequestContext(_world, shop, apiVersion, now)
            {
                PublicAddress = publicAddress,
                Claimed = claimed,
                DropSets = dropSets,
            };
            var executor = new Executor(Schema, plan.Document, plan.Variables, context, QueryResolvers.TypeName);
            var data = executor.Run(plan.Operation);
            _world.Commit(shop, context.Changes, now);
            Remember(shop, context);
            var actual = CostModel.Actual(plan.Operation, data, plan.Cost);
            shop.Bucket.GiveBack(plan.Cost - actual, now);
            var json = Write(data, executor.Errors, Cost(shop, plan.Cost, actual, now), context.SearchWarnings, hasData: true);
            var background = context.Started.Count == 0
                ? null
                : Task.WhenAll(context.Started.ConvertAll(b => _bulk.RunAsync(shop, b, apiVersion, CancellationToken.None)));
            return new Answer(json, plan.IsMutation, background);
        }
    }

    private void Remember(Shop shop, RequestContext context)
    {
        if (_world.Journal is not { } journal)
        {
            return;
        }

        if (context.BillingChanged)
        {
            journal.Append("billing", shop, shop.Billing.Subscriptions);
        }

        foreach (var entry in context.Remembered)
        {
            journal.Append("idempotency", shop, entry);
        }

        foreach (var (id, subscription) in context.Subscriptions)
        {
            if (subscription is null)
            {
                journal.Append("deletedSubscription", shop, id);
            }
            else
            {
                journal.Append("subscription", shop, subscription);
            }
        }
    }

    private List<(string Key, string Hash)> Idempotent(OperationNode operation, Dictionary<string, object?> values)
    {
        var fields = new List<(string, string)>();
        foreach (var field in operation.Selections.OfType<FieldNode>())
        {
            var call = Executor.Call(Schema, Schema.Mutation, field, values);
            if (call.IdempotencyKey is { } key)
            {
                fields.Add((key, Mutations.Hash(call)));
            }
        }

        return fields;
    }

    private Prepared Document(string query)
    {
        if (_documents.TryGetValue(query, out var known))
        {
            return known;
        }

        var prepared = new Prepared(Parser.Parse(query));
        if (_documents.Count >= MaxCachedDocuments)
        {
            _documents.Clear();
        }

        _documents[query] = prepared;
        return prepared;
    }

    private static GraphQlError TooDear(int cost) => new(
        $"Query cost is {cost.ToString(CultureInfo.InvariantCulture)}, which exceeds the single query max cost limit " +
        $"({MaxQueryCost}).", Extensions: GraphQlException.Extensions(
            "MAX_COST_EXCEEDED", ("cost", cost), ("maxCost", MaxQueryCost),
            ("documentation", "https://shopify.dev/api/usage/limits#rate-limits")));

    private static Dictionary<string, object?> Cost(Shop shop, int requested, int? actual, DateTimeOffset now) => new()
    {
        ["requestedQueryCost"] = requested,
        ["actualQueryCost"] = actual,
        ["throttleStatus"] = new Dictionary<string, object?>
        {
            ["maximumAvailable"] = (double)shop.Bucket.Maximum,
            ["currentlyAvailable"] = shop.Faults.ThrottleStorm ? 0 : (int)shop.Bucket.Available(now),
            ["restoreRate"] = (double)shop.Bucket.RestoreRate,
        },
    };

    private static ReadOnlyMemory<byte> Write(
        ResultObject? data, IReadOnlyCollection<GraphQlError> errors, Dictionary<string, object?>? cost,
        List<(string Field, string Message)>? warnings, bool hasData = false)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (hasData)
            {
                json.WritePropertyName("data");
                AnswerWriter.Value(json, data);
            }

            if (errors.Count > 0)
            {
                AnswerWriter.Errors(json, errors);
            }

            if (cost is not null)
            {
                var extensions = new Dictionary<string, object?> { ["cost"] = cost };
                if (warnings is { Count: > 0 })
                {
                    extensions["search"] = warnings.ConvertAll(w => new Dictionary<string, object?>
                    {
                        ["warnings"] = new[] { new Dictionary<string, object?> { ["field"] = w.Field, ["message"] = w.Message } },
                    });
                }

                json.WritePropertyName("extensions");
                AnswerWriter.Value(json, extensions);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>A parsed document and what validation said of each of its operations.</summary>
    private sealed record Prepared(Document Document)
    {
        internal ConcurrentDictionary<OperationNode, IReadOnlyList<GraphQlError>> Errors { get; } =
            new(ByReference.Instance);
    }

    /// <summary>Operations are told apart as objects: comparing their whole trees would cost more than validating.</summary>
    private sealed class ByReference : IEqualityComparer<OperationNode>
    {
        internal static readonly ByReference Instance = new();

        public bool Equals(OperationNode? x, OperationNode? y) => ReferenceEquals(x, y);

        public int GetHashCode(OperationNode obj) => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(obj);
    }
}
