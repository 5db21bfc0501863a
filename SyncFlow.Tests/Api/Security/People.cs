using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Support;

namespace SyncFlow.Tests.Api.Security;

/// <summary>An Api whose mail lands in a folder, and the people who read it.</summary>
internal sealed class People : IAsyncDisposable
{
    private readonly DirectoryInfo folder;

    private People(ApiApp app, DirectoryInfo folder)
    {
        App = app;
        this.folder = folder;
    }

    public ApiApp App { get; }

    public int Mails => folder.GetFiles("*.eml").Length;

    public static async Task<People> StartAsync(PostgresFixture postgres, RedisFixture redis)
    {
        var folder = Directory.CreateTempSubdirectory("syncflow-mail-");
        var app = await ApiApp.StartAsync(
            await postgres.CreateDatabaseAsync(), await redis.ConfigurationAsync(), ApiApp.With(("Mail:PickupFolder", folder.FullName)));
        return new People(app, folder);
    }

    /// <summary>Asks somebody in, and returns his id.</summary>
    public async Task<long> InviteAsync(string email, string role, long[]? locationIds = null)
    {
        var (status, made) = await App.PostAsync("/api/v1/users", new { email, name = email[..email.IndexOf('@')], role, locationIds });
        status.ShouldBe(HttpStatusCode.Created, made?.ToJsonString());
        return (long)made!["id"]!;
    }

    /// <summary>The token of the newest link that was sent to an address.</summary>
    public string LinkOf(string email)
    {
        var mail = folder.GetFiles("*.eml").OrderByDescending(file => file.LastWriteTimeUtc).Select(file => File.ReadAllText(file.FullName))
            .First(text => text.Contains(email, StringComparison.OrdinalIgnoreCase));
        var text = mail.Replace("=\r\n", "", StringComparison.Ordinal).Replace("=3D", "=", StringComparison.Ordinal);
        var start = text.IndexOf("#token=", StringComparison.Ordinal) + "#token=".Length;
        return new string([.. text[start..].TakeWhile(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-')]);
    }

    /// <summary>Comes in by a link; a client with the session as its bearer.</summary>
    public async Task<HttpClient> ComeInAsync(string email)
    {
        using var nobody = App.NewClient(null);
        using var answer = await nobody.PostAsJsonAsync("/api/v1/auth/sessions", new { token = LinkOf(email), bearer = true });
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return App.NewClient((string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["token"]!);
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        folder.Delete(recursive: true);
    }
}
