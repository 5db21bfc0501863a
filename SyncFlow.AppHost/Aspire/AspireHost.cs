using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace SyncFlow.AppHost.Aspire;

/// <summary>
/// SyncFlow as .NET Aspire resources: PostgreSQL, Redis, a migration that runs to its end, then the services; in
/// development with the simulator. Compiled only in the full build (docs/decisions/0001).
/// </summary>
internal static class AspireHost
{
    private const string Http = "http";

    public static async Task<int> RunAsync(string[] args)
    {
        var builder = DistributedApplication.CreateBuilder(args);
        var database = builder.AddPostgres("postgres").WithDataVolume().AddDatabase(EnvironmentContract.PostgresResource);
        var redis = builder.AddRedis(EnvironmentContract.RedisResource);
        var secrets = new Dictionary<Supply, IResourceBuilder<ParameterResource>>
        {
            [Supply.BootstrapApiKey] = builder.AddParameter("bootstrap-api-key", secret: true),
            [Supply.SecretsKey] = builder.AddParameter("secrets-key", secret: true),
            [Supply.ShopifyClientSecret] = builder.AddParameter("shopify-client-secret", secret: true),
        };

        // Every project first, its variables after: they refer to each other's addresses.
        var projects = ServiceContract.Services
            .Where(service => !service.SandboxOnly || builder.ExecutionContext.IsRunMode)
            .ToDictionary(service => service, service => AddProject(builder, service.Resource, service));
        var migrate = AddProject(builder, ServiceContract.MigrateVerb, ServiceContract.Api).WithArgs(ServiceContract.MigrateVerb).WaitFor(database);
        Tell(migrate, ServiceContract.Api);
        foreach (var (service, project) in projects)
        {
            project.WithHttpEndpoint(name: Http).WithHttpHealthCheck(ServiceContract.HealthPath).WaitForCompletion(migrate);
            Tell(project, service);
        }

        projects[ServiceContract.Api].WithExternalHttpEndpoints();
        await builder.Build().RunAsync().ConfigureAwait(false);
        return 0;

        void Tell(IResourceBuilder<ProjectResource> project, Service service)
        {
            foreach (var (name, supply) in service.Variables)
            {
                _ = supply switch
                {
                    Supply.Postgres => project.WithEnvironment(name, database),
                    Supply.Redis => project.WithEnvironment(name, redis),
                    Supply.OwnUrl => project, // Aspire derives it from the endpoint.
                    Supply.ApiUrl => project.WithEnvironment(name, projects[ServiceContract.Api].GetEndpoint(Http)),
                    Supply.SandboxShopifyUrl => WithSandbox(project, name),
                    Supply.SandboxVisibilityLag => projects.ContainsKey(ServiceContract.Simulator)
                        ? project.WithEnvironment(name, ServiceContract.SandboxVisibilityLagMs)
                        : project,
                    Supply.SandboxRetryScale => project.WithEnvironment(name, ServiceContract.SandboxRetryTimeScale),
                    Supply.BootstrapApiKey or Supply.SecretsKey or Supply.ShopifyClientSecret =>
                        project.WithEnvironment(name, secrets[supply]),
                    Supply.ShopifyClientId => projects.ContainsKey(ServiceContract.Simulator)
                        ? project.WithEnvironment(name, ServiceContract.SandboxShopifyClientId)
                        : Environment.GetEnvironmentVariable(name) is { Length: > 0 } id ? project.WithEnvironment(name, id) : project,
                    Supply.DataFolder => project.WithEnvironment(name, Path.Combine(builder.AppHostDirectory, "..", ".syncflow", service.Resource)),
                    Supply.HostProcess => project, // Aspire ends what it started.
                };
            }
        }

        IResourceBuilder<ProjectResource> WithSandbox(IResourceBuilder<ProjectResource> project, string name)
        {
            return projects.TryGetValue(ServiceContract.Simulator, out var simulator)
                ? project.WithEnvironment(name, ReferenceExpression.Create($"{simulator.GetEndpoint(Http)}{ServiceContract.SandboxShopifyPath}"))
                : project;
        }
    }

    private static IResourceBuilder<ProjectResource> AddProject(IDistributedApplicationBuilder builder, string name, Service service)
    {
        return builder.AddProject(name, $"../{service.Project}/{service.Project}.csproj", launchProfileName: null);
    }
}
