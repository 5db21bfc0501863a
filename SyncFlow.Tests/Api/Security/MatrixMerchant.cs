using System.Net;
using System.Text.Json.Nodes;
using SyncFlow.Api.People;
using SyncFlow.Api.Security;

namespace SyncFlow.Tests.Api.Security;

/// <summary>
/// A merchant (the first tenant) who has one of everything, all named ALPHA, and another (the second tenant) who is to
/// see none of it.
/// </summary>
internal sealed class MatrixMerchant : IAsyncDisposable
{
    public const string Mark = "ALPHA";

    public const long Tenant = 1;

    private readonly Dictionary<string, string> ids = [];

    private MatrixMerchant(ApiApp app, HttpClient other)
    {
        App = app;
        Other = other;
    }

    public ApiApp App { get; }

    /// <summary>Holds every permission of the other tenant.</summary>
    public HttpClient Other { get; }

    public static async Task<MatrixMerchant> CreateAsync(ApiApp app)
    {
        var merchant = new MatrixMerchant(app, await app.OtherTenantAsync());
        await merchant.FillAsync();
        return merchant;
    }

    /// <summary>A client whose key may do what a role may.</summary>
    public Task<HttpClient> HolderAsync(PermissionSet permissions, string name) =>
        KeyAsync(name, [.. permissions.Where(p => !p.IsOfPlatform()).Select(p => p.Text())]);

    /// <summary>A client with the session of a person of the tenant.</summary>
    public async Task<HttpClient> MemberAsync(Role role, bool atOnePlace = false)
    {
        var token = Secrets.Make(SignIn.Kind);
        long[] places = atOnePlace ? [long.Parse(ids["/locations"], System.Globalization.CultureInfo.InvariantCulture)] : [];
        await App.SqlAsync<long>(
            """
            WITH m AS (
              INSERT INTO members (tenant_id, email, name, role, location_ids, status, created_by, created_at)
              VALUES ($1, $2 || '@example.com', $2, $3, nullif($4, '{}'), 2, 'x', now()) RETURNING member_id)
            INSERT INTO sessions (tenant_id, member_id, token_hash, origin, created_at, expires_at)
            SELECT $1, member_id, $5, 'x', now(), now() + interval '1 hour' FROM m RETURNING session_id
            """,
            Tenant, $"{role}{places.Length}", role.ToString(), places, Secrets.Hash(token));
        return App.NewClient(token);
    }

    /// <summary>A client with a partner's key: whatever scopes stand in the database, it may do what partners may.</summary>
    public Task<HttpClient> PartnerAsync() => KeyAsync("partner", ["*"], kind: 2);

    /// <summary>A client of a super admin: outside with the key, inside with a session that he entered for a reason.</summary>
    public async Task<HttpClient> SuperAdminAsync(bool entered)
    {
        var (key, token) = (Secrets.Make(Secrets.Platform), Secrets.Make(SignIn.Kind));
        await App.SqlAsync<long>(
            """
            WITH a AS (INSERT INTO platform_admins (name, key_hash, created_at) VALUES ($2, $3, now()) RETURNING admin_id)
            INSERT INTO sessions (tenant_id, admin_id, token_hash, reason, origin, created_at, expires_at)
            SELECT $1, admin_id, $4, 'a ticket', 'x', now(), now() + interval '1 hour' FROM a RETURNING session_id
            """,
            Tenant, entered ? "inside" : "outside", Secrets.Hash(key), Secrets.Hash(token));
        return App.NewClient(entered ? token : key);
    }

    /// <summary>The first tenant's id for a parameter of a path, where it has one of that kind.</summary>
    public string IdFor(ApiOperation operation, string name, string format)
    {
        var known = ids.Where(id => operation.Short.StartsWith(id.Key, StringComparison.Ordinal)).OrderByDescending(id => id.Key.Length).FirstOrDefault();
        return known.Value ?? ApiOperation.NobodysId(name, format);
    }

    /// <summary>The first tenant's values for parameters of a query that name things.</summary>
    public string QueryFor(ApiOperation operation)
    {
        var named = operation.Query.Select(name => name switch
        {
            "connectionId" => $"connectionId={ids["/connections"]}",
            "locationId" => $"locationId={ids["/locations"]}",
            "skuId" => "skuId=1",
            "sku" => $"sku={Mark.ToLowerInvariant()}", // A code in any case; so that what only repeats the question shows nothing.
            "location" => $"location={Mark}",
            "search" => $"search={Mark}",
            _ => null,
        }).OfType<string>().ToList();
        return named.Count == 0 ? "" : "?" + string.Join('&', named);
    }

    /// <summary>A body that passes the checks which come before anything is looked up, with the first tenant's ids in it.</summary>
    public string BodyFor(ApiOperation operation) => operation.Name switch
    {
        "ReconnectConnection" => """{"accessToken":"shpat_x"}""",
        "SetConnectionBrake" => """{"strength":"allWrites","why":"x"}""",
        "MapLocation" => $$"""{"connectionId":{{ids["/connections"]}},"externalLocationId":"{{Mark}}","locationId":{{ids["/locations"]}}}""",
        "AutoMapListings" => $$"""{"connectionId":{{ids["/connections"]}}}""",
        "BeginSyncRun" => $$"""{"kind":"verify","connectionId":{{ids["/connections"]}}}""",
        "MoveStock" => $$"""{"sku":"{{Mark}}","location":"{{Mark}}","kind":"receipt","units":5,"reason":"x","key":"swap"}""",
        "EnterCountSheetLines" => """{"lines":[{"sku":"BETA","counted":1}]}""",
        "MoveSkus" => """{"add":["BETA"]}""",
        "SetComponents" => """{"components":[]}""",
        "RenameSkuGroup" => """{"name":"x"}""",
        "SetSkuPolicy" or "SetGroupPolicy" => """{"mode":"guard"}""",
        "ReviewCountSheet" => """{"approve":["BETA"]}""",
        "ReceiveTransfer" => """{"lines":[{"sku":"BETA","units":1}]}""",
        "ReleaseLevel" => """{"reason":"x"}""",
        "ExtendReservation" => """{"ttlSeconds":600}""",
        "ImportCountSheet" => "sku,counted\nBETA,1\n",
        _ => "{}",
    };

    public async ValueTask DisposeAsync()
    {
        Other.Dispose();
        await App.DisposeAsync();
    }

    private async Task FillAsync()
    {
        ids["/connections"] = ids["/brakes/connections"] = (await App.ConnectAsync("alpha.myshopify.com")).ToString(System.Globalization.CultureInfo.InvariantCulture);
        await AddAsync("/locations", new { code = Mark, name = Mark });
        await DoAsync("/locations", new { code = Mark + "-2", name = Mark });
        await AddAsync("/sources", new { kind = "erp", name = Mark, writes = new[] { "onHand" } });
        await DoAsync("/skus", new { code = Mark, title = Mark });
        ids["/skus"] = ids["/stock"] = ids["/policies/allocation/skus"] = Mark;
        await DoAsync("/sku-groups", new { code = Mark });
        ids["/sku-groups"] = ids["/policies/allocation/groups"] = Mark;
        ids["/launches"] = await InsertAsync(
            "launches", "scope, scope_id, from_at, until_at, created_at, created_by", $"3, 1, now(), now() + interval '1 day', now(), '{Mark}'", "launch_id");
        using var theirs = await Other.PostAsync("/api/v1/skus", new StringContent("""{"code":"BETA"}""", System.Text.Encoding.UTF8, "application/json"));
        await AddAsync("/count-sheets", new { name = Mark, location = Mark, skus = new[] { Mark } });
        await AddAsync("/transfers", new { reference = Mark, from = Mark, to = Mark + "-2", lines = new[] { new { sku = Mark, units = 1 } } }, "transfer");
        await AddAsync("/stock-operations", new { items = new[] { new { key = Mark, kind = "receipt", sku = Mark, location = Mark, units = 9, reason = "x" } } }, "operationId");
        await AddAsync("/api-keys", new { name = Mark, scopes = new[] { "read" } }, "apiKey");
        ids["/sync-runs"] = await InsertAsync("sync_runs", "kind, created_at, parameters", $"'replan', now(), '{{\"a\":\"{Mark}\"}}'", "run_id");
        ids["/dead-letters"] = await InsertAsync(
            "inbox", "received_day, topic, webhook_id, triggered_at, received_at, content, body, state, next_attempt_at, connection_id",
            $"now()::date, 'orders/create', '{Mark}', now(), now(), '{{}}', '', 2, now(), {ids["/connections"]}", "event_id");
        ids["/incidents"] = await InsertAsync("incidents", "incident_key, kind, message, opened_at, seen_at", $"'{Mark}', 'x', '{Mark}', now(), now()", "incident_id");
        var listing = await InsertAsync("listings", "connection_id, variant_ref, item_ref, sku_id, active", $"{ids["/connections"]}, '{Mark}', '{Mark}', 1, false", "listing_id");
        ids["/levels"] = await InsertAsync(
            "listing_levels", "listing_id, connection_id, sku_id, location_id, external_location_id, item_ref, status, belief",
            $"{listing}, {ids["/connections"]}, 1, {ids["/locations"]}, '{Mark}', '{Mark}', 5, 3", "level_id");
        ids["/listings/suggestions"] = await InsertAsync(
            "mapping_suggestions", "connection_id, variant_ref, sku_id, confidence, reason, created_at", $"{ids["/connections"]}, '{Mark}', 1, 50, 'x', now()", "suggestion_id");
        ids["/oversells"] = await InsertAsync(
            "oversells", "sku_id, pool_group, units, most_units, cause, mode, opened_at, seen_at, state, proposal", "1, 1, 1, 1, 1, 1, now(), now(), 2, '[]'", "oversell_id");
        ids["/oversell-actions"] = await InsertAsync(
            "oversell_actions", "oversell_id, kind, connection_id, order_ref, line_ref, units, created_at", $"1, 2, {ids["/connections"]}, '{Mark}', 'l', 1, now()", "action_id");
        ids["/reservations"] = await InsertAsync(
            "reservations", "reference, kind, state, expires_at, created_by, created_at", $"'{Mark}', 1, 1, now() + interval '1 hour', 'x', now()", "reservation_id");
        ids["/authority-rules"] = await InsertAsync("authority_rules", "sku_prefix, created_at", $"'{Mark}', now()", "rule_id");
        ids["/users"] = await InsertAsync("members", "email, name, role, status, created_by, created_at", $"'alpha@example.com', '{Mark}', 'SupportAnalyst', 1, 'x', now()", "member_id");
        await AddAsync("/store-groups", new { name = Mark });
        await AddAsync("/store-invitations", new { shop = "alpha-two.myshopify.com" }, "invitation");
        ids["/pushes"] = await App.SqlAsync<string>(
            $"""
            INSERT INTO pushes (tenant_id, push_id, connection_id, lease_epoch, state, body, elements, planned_at, deadline)
            VALUES ({Tenant}, gen_random_uuid(), {ids["/connections"]}, 1, 1, jsonb_build_object('a', '{Mark}')::text, 1, now(), now()) RETURNING push_id::text
            """);
    }

    private Task<string> InsertAsync(string table, string columns, string values, string id) =>
        App.SqlAsync<string>($"INSERT INTO {table} (tenant_id, {columns}) VALUES ({Tenant}, {values}) RETURNING {id}::text");

    private async Task AddAsync(string path, object body, string? inside = null)
    {
        var made = await DoAsync(path, body);
        var found = made["id"] ?? (inside is null ? null : made[inside]?["id"] ?? made["items"]?[0]?[inside]);
        ids[path] = found?.ToJsonString() ?? throw new InvalidOperationException($"{path} made nothing with an id: {made}");
    }

    private async Task<JsonNode> DoAsync(string path, object body)
    {
        var (status, answer) = await App.PostAsync("/api/v1" + path, body);
        return status is HttpStatusCode.Created or HttpStatusCode.OK ? answer! : throw new InvalidOperationException($"{path}: {status} {answer}");
    }

    private async Task<HttpClient> KeyAsync(string name, string[] scopes, short kind = 1)
    {
        var key = Secrets.Make(Secrets.Key);
        await App.SqlAsync<long>(
            "INSERT INTO api_keys (tenant_id, name, key_hash, scopes, kind, partner, expires_at) VALUES ($1, $2, $3, $4, $5, CASE $5 WHEN 2 THEN 'p' END, now() + interval '1 day') RETURNING tenant_id",
            Tenant, name, Secrets.Hash(key), scopes, kind);
        return App.NewClient(key);
    }
}
