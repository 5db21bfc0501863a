using Microsoft.Extensions.Configuration;
using Shouldly;
using SyncFlow.ServiceDefaults.Secrets;
using Xunit;

namespace SyncFlow.Tests.ServiceDefaults.Secrets;

public sealed class MasterKeysTests
{
    private static readonly string One = Convert.ToBase64String(new byte[32]);

    private static readonly string Two = Convert.ToBase64String([1, .. new byte[31]]);

    [Fact]
    public void A_single_key_needs_no_id_and_of_several_the_first_is_current()
    {
        MasterKeys.Parse(One).Current.ShouldBe("1");
        var keys = MasterKeys.Parse($"2026:{Two}, 1:{One}");
        (keys.Current, keys.Keys.Count, keys.Keys["2026"][0]).ShouldBe(("2026", 2, (byte)1));
        MasterKeys.Parse($"# the newest first\n2026: {Two}\r\n\n1: {One}\n").Current.ShouldBe("2026");
    }

    [Theory]
    [InlineData("")]
    [InlineData("not base64")]
    [InlineData("1:AAAA")]
    [InlineData("a b:{1}")]
    [InlineData("{1},{1}")]
    [InlineData("x:{1},x:{2}")]
    public void What_are_no_keys_is_refused_without_repeating_them(string text)
    {
        var given = text.Replace("{1}", One, StringComparison.Ordinal).Replace("{2}", Two, StringComparison.Ordinal);
        var refused = Should.Throw<ArgumentException>(() => MasterKeys.Parse(given));
        refused.Message.ShouldNotContain(One);
        refused.Message.ShouldNotContain("AAAA");
    }

    [Fact]
    public void A_file_of_keys_is_read_only_where_nobody_else_may_read_it()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, $"b:{Two}\na:{One}\n");
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
                Should.Throw<InvalidOperationException>(() => new FileKeys(file).Read()).Message.ShouldContain("chmod 600");
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            new FileKeys(file).Read().Current.ShouldBe("b");
        }
        finally
        {
            File.Delete(file);
        }

        Should.Throw<InvalidOperationException>(() => new FileKeys(file).Read()).Message.ShouldContain("does not exist");
    }

    [Fact]
    public void Keys_come_from_one_place_and_none_or_two_are_refused()
    {
        Should.Throw<InvalidOperationException>(() => Settings([]).ReadMasterKeys()).Message.ShouldContain("SyncFlow__SecretsKey is not set");
        Should.Throw<InvalidOperationException>(
            () => Settings(new() { ["SyncFlow:SecretsKey"] = One, ["SyncFlow:SecretsKeyFile"] = "/keys" }).ReadMasterKeys())
            .Message.ShouldContain("SyncFlow__SecretsKeyFile");
        Settings(new() { ["SyncFlow:SecretsKey"] = One }).ReadMasterKeys().Current.ShouldBe("1");
    }

    private static IConfiguration Settings(Dictionary<string, string?> values) => new ConfigurationBuilder().AddInMemoryCollection(values).Build();
}
