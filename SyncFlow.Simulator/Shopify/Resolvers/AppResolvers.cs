using SyncFlow.Simulator.GraphQl;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify.Resolvers;

/// <summary>The shop's installation of the app.</summary>
internal sealed record InstallationView(Shop Shop, DateTimeOffset Now);

/// <summary>A scope the app was granted.</summary>
internal sealed record ScopeView(string Handle);

/// <summary>What a shop knows of the app that asks.</summary>
internal static class AppResolvers
{
    internal static void Bind(Schema schema)
    {
        new Binder<TypeDef>(schema, "QueryRoot").Field("currentAppInstallation", (_, c, _) => new InstallationView(c.Shop, c.Now));
        new Binder<InstallationView>(schema, "AppInstallation")
            .Field("id", _ => Gids.Of("AppInstallation", 1))
            .Field("accessScopes", i => i.Shop.Scopes.Order(StringComparer.Ordinal).Select(scope => new ScopeView(scope)).ToList());
        new Binder<InstallationView>(schema, "AppInstallation")
            .Field("activeSubscriptions", i => BillingResolvers.Known(i).Where(s => s.Status == "ACTIVE").ToList())
            .Field("allSubscriptions", (i, _, call) => Connections.Cut(BillingResolvers.Known(i), s => Connections.Key(s.Id), call));
        new Binder<ScopeView>(schema, "AccessScope")
            .Field("handle", s => s.Handle)
            .Field("description", s => s.Handle.Replace('_', ' '));
    }
}
