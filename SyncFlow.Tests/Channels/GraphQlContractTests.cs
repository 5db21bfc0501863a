using System.ComponentModel;
using System.Diagnostics;
using Shouldly;
using SyncFlow.Channels.Shopify;
using Xunit;

namespace SyncFlow.Tests.Channels;

/// <summary>Every document we send holds against the schema that Shopify publishes. Needs node and npm's registry.</summary>
public sealed class GraphQlContractTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Every_document_holds_against_the_published_schema_and_planted_mistakes_are_found()
    {
        var root = Root();
        var source = Path.Combine(root, "eng", "graphql-contract");
        var modules = Path.Combine(root, "artifacts", "graphql-contract");
        await InstallAsync(source, modules);

        (await RunAsync("node", source, modules, "check.mjs")).ShouldBe((0, $"{Documents(root)} documents hold against 2026-10\n"));
        (await RunAsync("node", source, modules, "check.mjs", "--self-test")).Code.ShouldBe(0);
    }

    [Fact]
    public void Every_document_is_an_operation_of_the_name_of_its_file()
    {
        ShopifyOperation.All.Count.ShouldBeGreaterThan(20);
        foreach (var operation in ShopifyOperation.All.Values)
        {
            operation.Document.ShouldStartWith($"{(operation.IsMutation ? "mutation" : "query")} {operation.Name}");
        }
    }

    private static int Documents(string root) =>
        Directory.GetFiles(Path.Combine(root, "SyncFlow.Channels", "Shopify", "Documents"), "*.graphql").Length;

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "SyncFlow.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("no SyncFlow.sln above the tests");
        }

        return folder.FullName;
    }

    /// <summary>Installs the two packages once; a changed lock file installs anew. Skips where the machine cannot.</summary>
    private static async Task InstallAsync(string source, string modules)
    {
        Directory.CreateDirectory(modules);
        var stamp = Path.Combine(modules, "installed");
        var wanted = await File.ReadAllTextAsync(Path.Combine(source, "package-lock.json"));
        if (File.Exists(stamp) && await File.ReadAllTextAsync(stamp) == wanted)
        {
            return;
        }

        foreach (var file in new[] { "package.json", "package-lock.json" })
        {
            File.Copy(Path.Combine(source, file), Path.Combine(modules, file), overwrite: true);
        }

        (int Code, string Text) result;
        try
        {
            result = await RunAsync("npm", modules, modules, "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund");
        }
        catch (Win32Exception)
        {
            Assert.Skip("node and npm are not installed");
            return;
        }

        if (result.Code != 0 && Environment.GetEnvironmentVariable("CI") != "true")
        {
            Assert.Skip($"npm could not install the schema's package: {result.Text}");
        }

        result.Code.ShouldBe(0, result.Text);
        await File.WriteAllTextAsync(stamp, wanted);
    }

    private static async Task<(int Code, string Text)> RunAsync(string program, string folder, string modules, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["GRAPHQL_CONTRACT_MODULES"] = modules;
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Patience);
        var text = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return process.ExitCode == 0 ? (0, await text) : (process.ExitCode, await text + await errors);
    }
}
