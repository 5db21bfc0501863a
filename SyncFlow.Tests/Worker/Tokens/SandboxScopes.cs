using System.Net.Http.Json;
using Shouldly;
using SyncFlow.Simulator;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Tests.Worker.Tokens;

internal static class SandboxScopes
{
    /// <summary>Grants the app another set of scopes, as a merchant does.</summary>
    public static async Task PutScopesAsync(this SimulatorHost sandbox, Shop shop, IReadOnlyList<string> scopes)
    {
        using var http = new HttpClient { BaseAddress = sandbox.BaseAddress };
        using var answer = await http.PutAsJsonAsync($"/sandbox/stores/{shop.Domain}/scopes", scopes);
        answer.IsSuccessStatusCode.ShouldBeTrue();
    }
}
